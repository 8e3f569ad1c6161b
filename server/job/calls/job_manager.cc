#include "server/job/calls/job_manager.h"

#include <atomic>
#include <utility>

#include "server/base/page_token.h"
#include "server/identity/sid_pool.h"
#include "server/job/calls/ending_calls.h"
#include "server/job/calls/file_calls.h"
#include "server/job/calls/handle_calls.h"
#include "server/job/calls/handle_table.h"
#include "server/job/calls/housekeeping.h"
#include "server/job/calls/job_calls.h"
#include "server/job/calls/job_cleanup.h"
#include "server/job/calls/job_finder.h"
#include "server/job/calls/job_restore.h"
#include "server/job/calls/job_table.h"
#include "server/job/calls/listing_calls.h"
#include "server/job/calls/loan_ends.h"
#include "server/job/calls/network_calls.h"
#include "server/job/calls/request_ledger.h"
#include "server/job/calls/retention.h"
#include "server/job/calls/token_calls.h"
#include "server/job/calls/watch_calls.h"
#include "server/job/job.h"
#include "server/job/outcome_log.h"
#include "server/job/watch_hub.h"

namespace bitsd {

/// Declared in the order of dependence: each part outlives those below it.
struct JobManager::Parts {
  Parts(const Deps& given, Options with)
      : deps(given),
        options(std::move(with)),
        handles(deps.clock, steady, options.Get()->handle_idle),
        ledger(deps.clock, options.Get()->answers,
               [this](const Sid& caller, const std::string& id) { Forget(caller, id); }),
        places(options.Get()->scheduler, steady, deps.timer),
        outcomes(deps.audit, deps.clock) {}

  /// An answer gave way to another. A store that refuses keeps it for the rest of its 24 hours.
  void Forget(const Sid& caller, const std::string& request_id) const {
    StoreChange change;
    change.erase_request = {caller, request_id};
    deps.store.Commit({std::move(change)}, [](const absl::Status&) {});
  }

  void OnChanged(const JobPtr& job) {
    watchers.Push(job->id(), job->change_mark());
    retention.OnChanged(job);
  }

  const Deps deps;
  const SteadyClock steady;
  LiveOptions options;
  std::atomic<bool> stopping{false};
  SidPool owners;
  JobTable table;
  JobFinder finder{table};
  HandleTable handles;
  RequestLedger ledger;
  PageTokens page_tokens;
  WatchHub watchers;
  RunQueue places;
  OutcomeLog outcomes;
  JobEnvironment environment{deps.store,
                             deps.transfers,
                             deps.accounts,
                             deps.clock,
                             deps.timer,
                             places,
                             deps.presence,
                             deps.network,
                             owners,
                             [this](const JobPtr& job) { OnChanged(job); },
                             [this](const JobRecordPtr& job) { outcomes.Add(*job); }};
  Retention retention{{table, handles, watchers, deps.timer, options}};
  JobCleanup cleanup{{deps.transfers, deps.accounts, retention, stopping}};
  JobCalls job_calls{{environment, table, finder, ledger, options, deps.audit}};
  FileCalls files{{deps.transfers, deps.accounts, deps.clock, finder, ledger, options, deps.audit}};
  ListingCalls listing{finder, page_tokens};
  WatchCalls watches{{table, finder, page_tokens, retention, watchers}};
  EndingCalls endings{{finder, cleanup, deps.audit, deps.timer, stopping}};
  NetworkCalls networks{finder, deps.audit};
  HandleCalls handle_calls{{handles, table, finder, options, deps.audit}};
  LoanEnds loan_ends{{deps.accounts, deps.presence, deps.clock, deps.timer, options, deps.audit,
                      environment.changed}};
  TokenCalls tokens{
      {handle_calls, loan_ends, deps.network, deps.accounts, deps.clock, options, deps.audit}};
  Housekeeping housekeeping{
      {deps.store, deps.timer, deps.clock, steady, handles, ledger, table, watchers, stopping}};
};

JobManager::JobManager(const Deps& deps, Options options)
    : parts_(std::make_unique<Parts>(deps, std::move(options))) {
  parts_->housekeeping.Start();
}

JobManager::~JobManager() = default;

absl::Status JobManager::Restore(const std::function<void(SessionRecord)>& session) {
  JobRestore restore({parts_->environment, parts_->table, parts_->finder, parts_->ledger,
                      parts_->retention, parts_->cleanup, parts_->options, parts_->deps.audit});
  return restore.Run(session);
}

size_t JobManager::SetAsideFor(const Caller& caller) const {
  return parts_->finder.SetAsideFor(caller);
}

void JobManager::Reconfigure(Options options) {
  parts_->handles.SetIdleLimit(options.handle_idle);
  parts_->ledger.SetLimits(options.answers);
  parts_->options.Set(std::move(options));
}

void JobManager::OnAccountsChanged(const std::vector<Sid>& gone) {
  for (const Sid& owner : gone) {
    for (const JobPtr& job : parts_->table.OfOwner(owner)) {
      parts_->loan_ends.DiscardAny(job, "owner_gone");
    }
  }
  for (const JobPtr& job : parts_->table.All()) job->OnAccountsChanged();
}

void JobManager::Shutdown(std::function<void()> stopped) {
  parts_->stopping = true;
  const std::vector<JobPtr> jobs = parts_->table.All();
  auto all = std::shared_ptr<void>(nullptr, [stopped = std::move(stopped)](void*) { stopped(); });
  for (const JobPtr& job : jobs) job->Shutdown([all] {});
}

void JobManager::CreateJob(const Caller& caller, NewJob job, JobDone done) {
  parts_->job_calls.CreateJob(caller, std::move(job), std::move(done));
}

absl::StatusOr<JobView> JobManager::GetJob(const Caller& caller, const JobId& id) {
  return parts_->job_calls.GetJob(caller, id);
}

absl::StatusOr<JobPage> JobManager::ListJobs(const Caller& caller, bool all_users,
                                             uint32_t page_size, const std::string& page_token) {
  return parts_->listing.ListJobs(caller, all_users, page_size, page_token);
}

absl::StatusOr<std::unique_ptr<JobWatch>> JobManager::WatchJobs(const Caller& caller,
                                                                WatchFilter filter,
                                                                std::function<void()> on_ready) {
  return parts_->watches.WatchJobs(caller, std::move(filter), std::move(on_ready));
}

void JobManager::AddFiles(const Caller& caller, const JobId& id, std::vector<NewFile> files,
                          const std::string& request_id, JobDone done) {
  parts_->files.AddFiles(caller, id, std::move(files), request_id, std::move(done));
}

absl::StatusOr<FilePage> JobManager::ListFiles(const Caller& caller, const JobId& id,
                                               uint32_t page_size, const std::string& page_token) {
  return parts_->listing.ListFiles(caller, id, page_size, page_token);
}

void JobManager::UpdateJob(const Caller& caller, const JobId& id, JobUpdate update, JobDone done) {
  parts_->job_calls.UpdateJob(caller, id, std::move(update), std::move(done));
}

void JobManager::Suspend(const Caller& caller, const JobId& id, JobDone done) {
  parts_->job_calls.Suspend(caller, id, std::move(done));
}

void JobManager::Resume(const Caller& caller, const JobId& id, JobDone done) {
  parts_->job_calls.Resume(caller, id, std::move(done));
}

void JobManager::Cancel(const Caller& caller, const JobId& id, OutcomeDone done) {
  parts_->endings.Cancel(caller, id, std::move(done));
}

void JobManager::Complete(const Caller& caller, const JobId& id, OutcomeDone done) {
  parts_->endings.Complete(caller, id, std::move(done));
}

void JobManager::SetCredentials(const Caller& caller, const JobId& id, JobCredential credential,
                                JobDone done) {
  parts_->networks.SetCredentials(caller, id, std::move(credential), std::move(done));
}

void JobManager::RemoveCredentials(const Caller& caller, const JobId& id, AuthTarget target,
                                   AuthScheme scheme, OutcomeDone done) {
  parts_->networks.RemoveCredentials(caller, id, target, scheme, std::move(done));
}

void JobManager::SetClientCertificate(const Caller& caller, const JobId& id,
                                      ClientCertificate certificate, JobDone done) {
  parts_->networks.SetClientCertificate(caller, id, std::move(certificate), std::move(done));
}

void JobManager::RemoveClientCertificate(const Caller& caller, const JobId& id, OutcomeDone done) {
  parts_->networks.RemoveClientCertificate(caller, id, std::move(done));
}

absl::StatusOr<std::string> JobManager::QueryInterface(const Caller& caller, const JobId& id,
                                                       std::optional<Sid> helper) {
  return parts_->handle_calls.QueryInterface(caller, id, helper);
}

absl::Status JobManager::Release(const Caller& caller, std::string_view handle) {
  return parts_->handle_calls.Release(caller, handle);
}

void JobManager::SetHelperTokenFlags(const Caller& caller, std::string_view handle, uint32_t flags,
                                     std::function<void(absl::Status)> done) {
  parts_->tokens.SetHelperTokenFlags(caller, handle, flags, std::move(done));
}

absl::StatusOr<uint32_t> JobManager::GetHelperTokenFlags(const Caller& caller,
                                                         std::string_view handle) {
  return parts_->tokens.GetHelperTokenFlags(caller, handle);
}

void JobManager::SetHelperToken(const Caller& caller, std::string_view handle, Loan loan,
                                std::function<void(absl::StatusOr<absl::Time>)> done) {
  parts_->tokens.SetHelperToken(caller, handle, std::move(loan), std::move(done));
}

void JobManager::ClearHelperToken(const Caller& caller, std::string_view handle,
                                  std::function<void(absl::Status)> done) {
  parts_->tokens.ClearHelperToken(caller, handle, std::move(done));
}

absl::StatusOr<std::optional<Sid>> JobManager::GetHelperTokenSid(const Caller& caller,
                                                                 std::string_view handle) {
  return parts_->tokens.GetHelperTokenSid(caller, handle);
}

}  // namespace bitsd
