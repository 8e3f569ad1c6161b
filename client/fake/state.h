// What a FakeService holds: jobs, handles, sessions, and what the test has scripted.
//
// Internal. Thread safety: Call and the methods of streams and tests take the lock; what is private
// runs under it. Ownership: shared by the service and its streams.

#ifndef BITSD_CLIENT_FAKE_STATE_H_
#define BITSD_CLIENT_FAKE_STATE_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"
#include "bitsd/client/testing/fake_service.h"

namespace bits {

class BITS_HIDDEN FakeService::State {
 public:
  State();

  absl::Status Call(const CallContext& context, const Message& request, Message& answer);
  /// What refuses a stream at once.
  absl::Status Open(const CallContext& context, const Message& request);

  absl::Status Change(const std::string& job_id, const std::function<void(v1::Job&)>& change,
                      std::optional<uint64_t> transferred_size = std::nullopt);
  void BreakStreams(const absl::Status& why);
  void EndSession(const std::string& session_id);
  void FailNext(const std::string& method, const absl::Status& why);
  void AnswerWith(const google::protobuf::Descriptor* request, Answerer answerer);
  std::vector<Received> received() const;

  // For streams, under their lock: `mutex` and `changed`.
  std::mutex& mutex() const { return mutex_; }
  std::condition_variable& changed() { return changed_; }
  /// The jobs that a watch starts with, in the order of their revisions.
  std::vector<v1::Job> Snapshot(const std::string& sid, const v1::WatchJobsRequest& watch) const;
  /// The job with the smallest revision above `revision` that the watch is about.
  const v1::Job* NextChange(const std::string& sid, const v1::WatchJobsRequest& watch,
                            uint64_t revision) const;
  absl::Status CheckWatched(const std::string& sid, const v1::WatchJobsRequest& watch) const;
  absl::Status CheckSession(const std::string& sid, const std::string& session_id) const;
  uint64_t revision() const { return revision_; }
  uint64_t breaks() const { return breaks_; }
  const absl::Status& break_reason() const { return break_reason_; }

 private:
  struct Entry {
    v1::Job job;
    std::vector<v1::File> files;
  };
  struct HandleEntry {
    std::string job_id;
    std::string acquirer;
    std::optional<std::string> helper;
  };

  /// Makes `handler` the answer to its method.
  template <typename Request, typename Response>
  void Serve(absl::Status (State::*handler)(const CallContext&, const Request&, Response&));

  /// Notes the call. What was scripted, or the caller's session, may refuse it.
  absl::Status Receive(const CallContext& context, const Message& request);
  absl::StatusOr<Entry*> Find(const std::string& job_id);
  absl::StatusOr<Entry*> FindFor(const CallContext& context, const std::string& job_id);
  absl::StatusOr<Entry*> FindUnfinished(const CallContext& context, const std::string& job_id);
  absl::StatusOr<HandleEntry*> FindHandle(const CallContext& context, const std::string& handle);
  /// The unfinished job of a handle that the caller may use.
  absl::StatusOr<Entry*> FindByHandle(const CallContext& context, const std::string& handle);
  /// The job has changed: it gets its next revision.
  void Touch(Entry& entry);

  // jobs.cc
  void ServeJobs();
  absl::Status CreateJob(const CallContext&, const v1::CreateJobRequest&, v1::CreateJobResponse&);
  absl::Status GetJob(const CallContext&, const v1::GetJobRequest&, v1::GetJobResponse&);
  absl::Status ListJobs(const CallContext&, const v1::ListJobsRequest&, v1::ListJobsResponse&);
  absl::Status AddFileSet(const CallContext&, const v1::AddFileSetRequest&,
                          v1::AddFileSetResponse&);
  absl::Status ListFiles(const CallContext&, const v1::ListFilesRequest&, v1::ListFilesResponse&);
  absl::Status UpdateJob(const CallContext&, const v1::UpdateJobRequest&, v1::UpdateJobResponse&);
  absl::Status Suspend(const CallContext&, const v1::SuspendRequest&, v1::SuspendResponse&);
  absl::Status Resume(const CallContext&, const v1::ResumeRequest&, v1::ResumeResponse&);
  absl::Status Cancel(const CallContext&, const v1::CancelRequest&, v1::CancelResponse&);
  absl::Status Complete(const CallContext&, const v1::CompleteRequest&, v1::CompleteResponse&);

  // tokens.cc
  void ServeTokens();
  absl::Status QueryInterface(const CallContext&, const v1::QueryInterfaceRequest&,
                              v1::QueryInterfaceResponse&);
  absl::Status Release(const CallContext&, const v1::ReleaseRequest&, v1::ReleaseResponse&);
  absl::Status SetHelperTokenFlags(const CallContext&, const v1::SetHelperTokenFlagsRequest&,
                                   v1::SetHelperTokenFlagsResponse&);
  absl::Status GetHelperTokenFlags(const CallContext&, const v1::GetHelperTokenFlagsRequest&,
                                   v1::GetHelperTokenFlagsResponse&);
  absl::Status SetHelperToken(const CallContext&, const v1::SetHelperTokenRequest&,
                              v1::SetHelperTokenResponse&);
  absl::Status ClearHelperToken(const CallContext&, const v1::ClearHelperTokenRequest&,
                                v1::ClearHelperTokenResponse&);
  absl::Status GetHelperTokenSid(const CallContext&, const v1::GetHelperTokenSidRequest&,
                                 v1::GetHelperTokenSidResponse&);

  // sessions.cc
  void ServeSessions();
  absl::Status Logon(const CallContext&, const v1::LogonRequest&, v1::LogonResponse&);
  absl::Status Logoff(const CallContext&, const v1::LogoffRequest&, v1::LogoffResponse&);

  using Handler =
      std::function<absl::Status(const CallContext& context, const Message&, Message& answer)>;

  std::map<const google::protobuf::Descriptor*, Handler> handlers_;  ///< Never changes.

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry> jobs_;
  std::vector<std::string> order_;                  ///< The ids of jobs, in the order of creation.
  std::map<std::string, std::string> request_ids_;  ///< To the job that the request was about.
  std::map<std::string, HandleEntry> handles_;
  std::map<std::string, std::string> sessions_;               ///< To the SID of whose they are.
  std::map<std::string, std::deque<absl::Status>> failures_;  ///< By method.
  std::map<const google::protobuf::Descriptor*, Answerer> scripted_;
  std::vector<Received> received_;
  uint64_t revision_ = 0;  ///< The highest of any job.
  uint64_t breaks_ = 0;    ///< How often BreakStreams was called.
  absl::Status break_reason_;
};

template <typename Request, typename Response>
void FakeService::State::Serve(absl::Status (State::*handler)(const CallContext&, const Request&,
                                                              Response&)) {
  handlers_[Request::descriptor()] = [this, handler](const CallContext& context,
                                                     const Message& request, Message& answer) {
    auto* const response = dynamic_cast<Response*>(&answer);
    if (response == nullptr) return absl::InvalidArgumentError("another method's response");
    return (this->*handler)(context, static_cast<const Request&>(request), *response);
  };
}

}  // namespace bits

#endif  // BITSD_CLIENT_FAKE_STATE_H_
