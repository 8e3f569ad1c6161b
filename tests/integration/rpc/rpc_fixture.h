// A gRPC server in this process with real TLS and real identities, and a domain that is faked:
// what the RPC layer adds is all there is to test here.
//
// Thread safety: one test thread; the fakes any thread. Ownership: the fixture owns server and
// fakes; a client owns its channel.

#ifndef BITSD_TESTS_INTEGRATION_RPC_RPC_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_RPC_RPC_FIXTURE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/channel_arguments.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/rpc/grpc_server.h"
#include "server/store/memory_store.h"
#include "tests/testing/error_info.h"
#include "tests/testing/test_certificates.h"

namespace bitsd::rpc {

inline constexpr char kUser[] = "S-1-5-21-1-2-3-1001";
inline constexpr char kAdministrator[] = "S-1-5-21-1-2-3-500";
inline constexpr char kStranger[] = "S-1-5-21-1-2-3-9999";  ///< Not in the directory.

/// The system's time, and more when a test says so.
class ShiftedClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + absl::Seconds(shift_.load()); }
  void Advance(absl::Duration by) { shift_ += absl::ToInt64Seconds(by); }

 private:
  std::atomic<int64_t> shift_{0};
};

class MemoryAudit : public AuditLog {
 public:
  void Write(AuditEvent event) override;
  /// The reasons of the handshake_refused events so far.
  std::vector<std::string> RefusedHandshakes() const;
  /// The fields of the events with this name.
  std::vector<std::map<std::string, std::string>> Events(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::vector<AuditEvent> events_;
};

/// What an open watch has to say, by the test's hand.
struct WatchScript {
  std::mutex mutex;
  std::deque<JobWatch::Event> events;
  std::function<void()> on_ready;
  int open = 0;

  /// Gives the newest watch one more event.
  void Push(JobWatch::Event event);
  int OpenWatches();
};

/// Answers every call with `answer`; watches follow the script.
class FakeJobs : public JobService {
 public:
  absl::Status answer;  ///< Never OK but for what has its own behaviour here.
  WatchScript script;
  std::atomic<int> calls{0};
  std::optional<JobPage> page;  ///< What ListJobs answers, in place of `answer`.
  std::function<absl::StatusOr<std::string>()> query;  ///< In place of `answer`; may block.
  std::vector<std::string> released;                   ///< Guarded by the script's mutex.
  JobCredential credential;                            ///< Of the last SetCredentials.
  ClientCertificate certificate;                       ///< Of the last SetClientCertificate.

  void CreateJob(const Caller&, NewJob, JobDone done) override { done(Count()); }
  size_t SetAsideFor(const Caller&) const override { return 0; }
  absl::StatusOr<JobView> GetJob(const Caller&, const JobId&) override { return Count(); }
  absl::StatusOr<JobPage> ListJobs(const Caller&, bool, uint32_t, const std::string&) override {
    if (page) return *page;
    return Count();
  }
  absl::StatusOr<std::unique_ptr<JobWatch>> WatchJobs(const Caller&, WatchFilter,
                                                      std::function<void()> on_ready) override;
  void AddFiles(const Caller&, const JobId&, std::vector<NewFile>, const std::string&,
                JobDone done) override {
    done(Count());
  }
  absl::StatusOr<FilePage> ListFiles(const Caller&, const JobId&, uint32_t,
                                     const std::string&) override {
    return Count();
  }
  void UpdateJob(const Caller&, const JobId&, JobUpdate, JobDone done) override { done(Count()); }
  void Suspend(const Caller&, const JobId&, JobDone done) override { done(Count()); }
  void Resume(const Caller&, const JobId&, JobDone done) override { done(Count()); }
  void Cancel(const Caller&, const JobId&, OutcomeDone done) override { done(Count()); }
  void Complete(const Caller&, const JobId&, OutcomeDone done) override { done(Count()); }
  void SetCredentials(const Caller&, const JobId&, JobCredential set, JobDone done) override {
    credential = std::move(set);
    done(Count());
  }
  void RemoveCredentials(const Caller&, const JobId&, AuthTarget, AuthScheme,
                         OutcomeDone done) override {
    done(Count());
  }
  void SetClientCertificate(const Caller&, const JobId&, ClientCertificate set,
                            JobDone done) override {
    certificate = std::move(set);
    done(Count());
  }
  void RemoveClientCertificate(const Caller&, const JobId&, OutcomeDone done) override {
    done(Count());
  }
  absl::StatusOr<std::string> QueryInterface(const Caller&, const JobId&,
                                             std::optional<Sid>) override {
    if (query) return query();
    return Count();
  }
  absl::Status Release(const Caller&, std::string_view handle) override {
    const std::lock_guard lock(script.mutex);
    released.emplace_back(handle);
    return Count();
  }

 private:
  absl::Status Count() {
    ++calls;
    return answer;
  }
};

class FakeTokens : public TokenOptions {
 public:
  absl::Status answer;
  std::atomic<int> calls{0};
  Loan loan;  ///< Of the last SetHelperToken.

  void SetHelperTokenFlags(const Caller&, std::string_view, uint32_t,
                           std::function<void(absl::Status)> done) override {
    done(Count());
  }
  absl::StatusOr<uint32_t> GetHelperTokenFlags(const Caller&, std::string_view) override {
    return Count();
  }
  void SetHelperToken(const Caller&, std::string_view, Loan lent,
                      std::function<void(absl::StatusOr<absl::Time>)> done) override {
    loan = std::move(lent);
    done(Count());
  }
  void ClearHelperToken(const Caller&, std::string_view,
                        std::function<void(absl::Status)> done) override {
    done(Count());
  }
  absl::StatusOr<std::optional<Sid>> GetHelperTokenSid(const Caller&, std::string_view) override {
    return Count();
  }

 private:
  absl::Status Count() {
    ++calls;
    return answer;
  }
};

using ExtraMetadata = std::multimap<std::string, std::string>;

/// One connection to the server, with the deadline of a test on each call.
class RpcClient {
 public:
  /// `arguments`: what the channel has beside those of every test.
  RpcClient(int port, const std::string& roots, const std::string& certificate,
            const std::string& key, const std::string& host = "127.0.0.1",
            grpc::ChannelArguments arguments = {});

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  /// Calls any method with the bytes of a request; the bytes of the answer go to `response`.
  grpc::Status Call(const std::string& path, const ExtraMetadata& metadata = {},
                    const std::string& request = "", std::string* response = nullptr) const;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

/// Gives `context` the deadline of a test.
void SetDeadline(grpc::ClientContext& context);

/// PEM of the private key.
std::string KeyPem(const tests::TestCertificate& certificate);

class RpcTest : public testing::Test {
 protected:
  RpcTest();
  ~RpcTest() override;

  /// A client whose certificate is made after `spec`, valid now unless it says otherwise.
  RpcClient ClientWith(const tests::CertificateSpec& spec,
                       const tests::TestCertificate& issuer) const;
  RpcClient ClientWithSid(const std::string& sid) const;
  RpcClient ClientWithoutCertificate() const;
  TlsMaterial ServerMaterial() const;
  absl::StatusOr<std::unique_ptr<GrpcServer>> StartServer(const TlsMaterial& material,
                                                          const std::string& listen,
                                                          const DoorLimits& door = {});
  uint64_t Refused(HandshakeRefusal refusal) const { return server_->handshakes().Count(refusal); }

  /// A spec that is valid now: the certificates of the unit tests live in another year.
  static tests::CertificateSpec ValidNow(tests::CertificateSpec spec);
  static tests::TestCertificate MakeRoot(const std::string& name);

  const tests::TestCertificate root_ = MakeRoot("test root");
  const tests::TestCertificate server_certificate_;
  ShiftedClock clock_;
  MemoryAudit audit_;
  FakeJobs jobs_;
  FakeTokens tokens_;
  MemoryStore store_;
  Timer timer_;
  const std::shared_ptr<const AccountDirectory> directory_;
  SteadyClock steady_;
  SessionTable sessions_;
  ReloadStatus reloads_{absl::Now()};
  std::unique_ptr<IdentityCache> identities_;
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_TESTS_INTEGRATION_RPC_RPC_FIXTURE_H_
