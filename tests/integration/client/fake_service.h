// A small service that answers what a test of the client wants to see.
//
// Thread safety: called by gRPC's threads; members that they write are atomic or read after the
// call. Ownership: the Flaky outlives the services.

#ifndef BITSD_TESTS_INTEGRATION_CLIENT_FAKE_SERVICE_H_
#define BITSD_TESTS_INTEGRATION_CLIENT_FAKE_SERVICE_H_

#include <grpcpp/server_context.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bits/v1/job.grpc.pb.h"
#include "bits/v1/manager.grpc.pb.h"
#include "bits/v1/session.grpc.pb.h"
#include "bits/v1/token_options.grpc.pb.h"
#include "bitsd/client/handle.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace bits {

inline constexpr char kJobId[] = "00000000-0000-4000-8000-000000000001";

inline grpc::Status Refusal() {
  google::rpc::ErrorInfo info;
  info.set_domain("bits.v1");
  info.set_reason("E_ACCESSDENIED");
  (*info.mutable_metadata())["hresult"] = "0x80070005";
  (*info.mutable_metadata())["rule"] = "handle_bound_to_another";
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::PERMISSION_DENIED);
  status.add_details()->PackFrom(info);
  return {grpc::StatusCode::PERMISSION_DENIED, "the handle is another's",
          status.SerializeAsString()};
}

// UNAVAILABLE for the first `failures` calls.
class Flaky {
 public:
  grpc::Status Next() {
    ++calls;
    if (failures.fetch_sub(1) > 0) return {grpc::StatusCode::UNAVAILABLE, "come back"};
    return grpc::Status::OK;
  }
  std::atomic<int> failures = 0;
  std::atomic<int> calls = 0;
};

class FakeManager final : public v1::BackgroundCopyManager::Service {
 public:
  explicit FakeManager(Flaky& flaky) : flaky_(flaky) {}

  grpc::Status CreateJob(grpc::ServerContext*, const v1::CreateJobRequest* request,
                         v1::CreateJobResponse* response) override {
    {
      const std::lock_guard lock(mutex_);
      request_ids.insert(request->request_id());
    }
    response->mutable_job()->set_id(kJobId);
    return flaky_.Next();
  }

  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest*,
                             v1::GetServerInfoResponse* response) override {
    for (const auto& [key, value] : context->client_metadata()) {
      const std::string name(key.data(), key.size());
      if (name.starts_with("bits-")) {
        response->add_features(name + "=" + std::string(value.data(), value.size()));
      }
    }
    return flaky_.Next();
  }

  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override {
    const bool first = request->page_token().empty();
    v1::Job& job = *response->add_jobs();
    job.set_id(first ? "page1" : "page2");
    job.set_display_name("twice");
    if (first) response->set_next_page_token("more");
    return grpc::Status::OK;
  }

  // Never answers before the caller has given up.
  grpc::Status GetErrorDescription(grpc::ServerContext* context,
                                   const v1::GetErrorDescriptionRequest*,
                                   v1::GetErrorDescriptionResponse*) override {
    WaitUntilCancelled(*context);
    return grpc::Status::CANCELLED;
  }

  grpc::Status WatchJobs(grpc::ServerContext* context, const v1::WatchJobsRequest*,
                         grpc::ServerWriter<v1::WatchJobsResponse>* writer) override {
    v1::WatchJobsResponse event;
    event.set_kind(v1::WatchJobsResponse::KIND_SNAPSHOT);
    event.mutable_job()->set_id(kJobId);
    event.mutable_job()->set_state(watched_state);
    writer->Write(event);
    WaitUntilCancelled(*context);
    return grpc::Status::OK;
  }

  void Stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }

  std::set<std::string> request_ids;
  std::atomic<v1::JobState> watched_state = v1::JOB_STATE_TRANSFERRING;

 private:
  void WaitUntilCancelled(grpc::ServerContext& context) {
    std::unique_lock lock(mutex_);
    while (!stopping_ && !context.IsCancelled()) {
      changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
  }

  Flaky& flaky_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
};

class FakeJob final : public v1::BackgroundCopyJob::Service {
 public:
  explicit FakeJob(Flaky& flaky) : flaky_(flaky) {}

  grpc::Status Resume(grpc::ServerContext*, const v1::ResumeRequest*,
                      v1::ResumeResponse*) override {
    return flaky_.Next();
  }

  grpc::Status QueryInterface(grpc::ServerContext*, const v1::QueryInterfaceRequest* request,
                              v1::QueryInterfaceResponse* response) override {
    bound_to = request->has_helper_sid() ? request->helper_sid() : "nobody";
    response->set_handle(std::string(Handle::kSize, '\x11'));
    return grpc::Status::OK;
  }

  grpc::Status Release(grpc::ServerContext*, const v1::ReleaseRequest*,
                       v1::ReleaseResponse*) override {
    ++releases;
    return grpc::Status::OK;
  }

  std::string bound_to;
  std::atomic<int> releases = 0;

 private:
  Flaky& flaky_;
};

inline constexpr char kSessionId[] = "00000000-0000-4000-8000-00000000000a";

// One session, which behaves as a test says.
class FakeSessions final : public v1::Sessions::Service {
 public:
  grpc::Status Logon(grpc::ServerContext* context, const v1::LogonRequest*,
                     v1::LogonResponse* response) override {
    logon_in_a_session = context->client_metadata().count("bits-session-id") > 0;
    response->set_session_id(session_id);
    response->mutable_ttl()->set_seconds(ttl);
    return grpc::Status::OK;
  }

  grpc::Status KeepAlive(grpc::ServerContext* context, const v1::KeepAliveRequest*,
                         grpc::ServerWriter<v1::KeepAliveResponse>* writer) override {
    ++streams;
    if (broken_streams.fetch_sub(1) > 0) return {grpc::StatusCode::UNAVAILABLE, "come back"};
    if (ended) return {grpc::StatusCode::FAILED_PRECONDITION, "it has ended"};
    do {
      v1::KeepAliveResponse answer;
      answer.mutable_expire_time()->set_seconds(++renewals);
      if (renews) writer->Write(answer);
    } while (!WaitUntilCancelled(*context,
                                 std::chrono::milliseconds(250) * std::min<int64_t>(ttl, 3600)));
    return {grpc::StatusCode::UNAVAILABLE, "going away"};
  }

  grpc::Status Logoff(grpc::ServerContext* context, const v1::LogoffRequest* request,
                      v1::LogoffResponse*) override {
    ++logoffs;
    if (slow_logoff) WaitUntilCancelled(*context, std::chrono::minutes(1));
    return request->session_id() == kSessionId ? grpc::Status::OK : Refusal();
  }

  void Stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }

  std::string session_id = kSessionId;
  int64_t ttl = 3600;  ///< A quarter of it between two answers of a stream.
  std::atomic<bool> renews = true;
  std::atomic<bool> ended = false;
  std::atomic<bool> slow_logoff = false;
  std::atomic<bool> logon_in_a_session = false;
  std::atomic<int> broken_streams = 0;
  std::atomic<int> streams = 0;
  std::atomic<int> renewals = 0;
  std::atomic<int> logoffs = 0;

 private:
  // False when `patience` passes before.
  bool WaitUntilCancelled(grpc::ServerContext& context, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::unique_lock lock(mutex_);
    while (!stopping_ && !context.IsCancelled()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
    return true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
};

class FakeToken final : public v1::BitsTokenOptions::Service {
 public:
  grpc::Status SetHelperToken(grpc::ServerContext* context,
                              const v1::SetHelperTokenRequest* request,
                              v1::SetHelperTokenResponse*) override {
    ++calls;
    const std::lock_guard lock(mutex);
    peers.push_back(context->peer());
    caches.push_back(request->delegated_credentials().credential_cache());
    return Refusal();
  }
  std::atomic<int> calls = 0;
  std::mutex mutex;
  std::vector<std::string> peers;   ///< Of each call: the other end of its connection.
  std::vector<std::string> caches;  ///< Delegated with each call.
};

}  // namespace bits

#endif  // BITSD_TESTS_INTEGRATION_CLIENT_FAKE_SERVICE_H_
