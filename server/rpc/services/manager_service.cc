#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bits/v1/manager.grpc.pb.h"
#include "server/error/errors.h"
#include "server/policy/job_access.h"
#include "server/rpc/caller/watch_limiter.h"
#include "server/rpc/convert/convert.h"
#include "server/rpc/services/handlers.h"
#include "server/rpc/services/unary.h"
#include "server/rpc/services/watch_reactor.h"

namespace bitsd::rpc {
namespace {

using Contract = v1::BackgroundCopyManager;

v1::GetServerInfoResponse InfoResponse(const ServerInfo& info) {
  v1::GetServerInfoResponse out;
  out.set_version(info.version);
  out.set_policy(info.policy);
  out.set_identity_switching(info.identity_switching);
  for (const std::string& feature : info.features) out.add_features(feature);
  return out;
}

v1::ReloadState ReloadOf(const ReloadState& state, bool with_reason) {
  v1::ReloadState out;
  out.set_source(static_cast<v1::ReloadState::Source>(state.source));
  *out.mutable_load_time() = ToProto(state.load_time);
  out.set_failing(state.failing);
  if (!state.last_failure) return out;
  *out.mutable_last_failure_time() = ToProto(state.last_failure->time);
  if (!with_reason) return out;
  out.set_last_failure_file(state.last_failure->file);
  out.set_last_failure_reason(state.last_failure->reason);
  return out;
}

void ShowReloads(const ReloadStatus& reloads, const AccessToken& caller,
                 v1::GetServerInfoResponse& out) {
  const bool with_reason = policy::MaySeeReloadFailures(caller);
  for (const ReloadState& state : reloads.States()) {
    *out.add_reload_states() = ReloadOf(state, with_reason);
  }
  for (std::string& key : reloads.RestartNeeded()) out.add_restart_needed(std::move(key));
}

absl::StatusOr<std::string> DescriptionOf(uint32_t hresult) {
  const std::string name = HresultName(hresult);
  if (!name.empty()) return absl::StrCat(name, ": ", HresultDescription(hresult));
  return error::NotFound(absl::StrCat("There is no text for ", HresultText(hresult), "."));
}

class Handlers final : public ManagerHandlers, public v1::BackgroundCopyManager::CallbackService {
 public:
  Handlers(const Authenticator& authenticator, JobService& jobs, const Clock& clock,
           const ServerInfo& info, const ReloadStatus& reloads, StreamRegistry& registry)
      : authenticator_(authenticator),
        jobs_(jobs),
        clock_(clock),
        reloads_(reloads),
        registry_(registry),
        info_(InfoResponse(info)) {}

  void SetInfo(const ServerInfo& info) override {
    const std::lock_guard lock(mutex_);
    info_ = InfoResponse(info);
  }

  grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context,
                                      const v1::CreateJobRequest* request,
                                      v1::CreateJobResponse* response) override {
    return Unary<Contract>(authenticator_, context, request,
                           [this, request, response](const Caller& caller, Finish finish) {
                             absl::StatusOr<NewJob> job = ParseNewJob(*request);
                             if (!job.ok()) return finish(job.status());
                             jobs_.CreateJob(caller, *std::move(job), ShowJob(finish, response));
                           });
  }

  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override {
    return Unary<Contract>(authenticator_, context, request,
                           [this, request, response](const Caller& caller, Finish finish) {
                             const absl::StatusOr<JobId> id = JobId::Parse(request->job_id());
                             if (!id.ok()) return finish(id.status());
                             ShowJob(finish, response)(jobs_.GetJob(caller, *id));
                           });
  }

  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override {
    return Unary<Contract>(authenticator_, context, request,
                           [this, request, response](const Caller& caller, Finish finish) {
                             Answer<JobPage>(
                                 finish, response,
                                 [response](JobPage page) {
                                   for (const JobView& job : page.jobs)
                                     *response->add_jobs() = ToProto(job);
                                   response->set_next_page_token(std::move(page.next_page_token));
                                 })(jobs_.ListJobs(caller, request->all_users(),
                                                   request->page_size(), request->page_token()));
                           });
  }

  grpc::ServerWriteReactor<v1::WatchJobsResponse>* WatchJobs(
      grpc::CallbackServerContext* context, const v1::WatchJobsRequest* request) override {
    const std::string& path = MethodPath<Contract, v1::WatchJobsRequest>();
    const absl::StatusOr<Caller> caller = authenticator_.Authenticate(*context, path);
    const absl::Status taken = TakeRequest(authenticator_, *context, caller, *request);
    const auto refused = [this, context, &path](const absl::Status& status) {
      authenticator_.NoteRefusal(*context, path, status);
    };
    if (!taken.ok()) {
      refused(taken);
      return WatchReactor::Refuse(taken);
    }
    absl::StatusOr<WatchFilter> filter = ParseWatch(*request);
    if (!filter.ok()) return WatchReactor::Refuse(filter.status());
    auto ticket = watches_.Acquire({caller->token->user, ""});
    if (!ticket.ok()) return WatchReactor::Refuse(ticket.status());
    return WatchReactor::Start(
        {*caller, authenticator_.StandingOf(*context, *caller), *std::move(ticket)},
        *std::move(filter), {jobs_, clock_, registry_, authenticator_.answers(), refused});
  }

  grpc::ServerUnaryReactor* GetErrorDescription(
      grpc::CallbackServerContext* context, const v1::GetErrorDescriptionRequest* request,
      v1::GetErrorDescriptionResponse* response) override {
    return Unary<Contract>(authenticator_, context, request,
                           [request, response](const Caller&, Finish finish) {
                             Answer<std::string>(finish, response, [response](std::string text) {
                               response->set_description(std::move(text));
                             })(DescriptionOf(request->hresult()));
                           });
  }

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::GetServerInfoResponse* response) override {
    return Unary<Contract>(authenticator_, context, request,
                           [this, response](const Caller& caller, Finish finish) {
                             {
                               const std::lock_guard lock(mutex_);
                               *response = info_;
                             }
                             const size_t set_aside = jobs_.SetAsideFor(caller);
                             response->set_set_aside(static_cast<uint32_t>(set_aside));
                             ShowReloads(reloads_, *caller.token, *response);
                             finish(absl::OkStatus());
                           });
  }

  grpc::Service& service() override { return *this; }

 private:
  const Authenticator& authenticator_;
  JobService& jobs_;
  const Clock& clock_;
  const ReloadStatus& reloads_;
  StreamRegistry& registry_;
  WatchLimiter watches_{"watches"};

  std::mutex mutex_;
  v1::GetServerInfoResponse info_;
};

}  // namespace

std::unique_ptr<ManagerHandlers> NewManagerHandlers(const Authenticator& authenticator,
                                                    JobService& jobs, const Clock& clock,
                                                    const ServerInfo& info,
                                                    const ReloadStatus& reloads,
                                                    StreamRegistry& registry) {
  return std::make_unique<Handlers>(authenticator, jobs, clock, info, reloads, registry);
}

}  // namespace bitsd::rpc
