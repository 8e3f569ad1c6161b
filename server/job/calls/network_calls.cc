#include "server/job/calls/network_calls.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/job/calls/call_audit.h"
#include "server/job/changes/network_changes.h"
#include "server/job/job.h"
#include "server/policy/credential_rules.h"

namespace bitsd {
namespace {

/// What the audit log has of a credential: that it is there.
AuditEvent CredentialEvent(std::string_view name, AuthTarget target, AuthScheme scheme) {
  return {name,
          {{"target", absl::StrCat(static_cast<int>(target))},
           {"scheme", absl::StrCat(static_cast<int>(scheme))}}};
}

/// For calls whose answer does not say whether anything changed.
JobService::OutcomeDone JobOnly(JobService::JobDone done) {
  return [done = std::move(done)](absl::StatusOr<JobOutcome> outcome) {
    if (!outcome.ok()) return done(outcome.status());
    done(std::move(outcome->job));
  };
}

}  // namespace

void NetworkCalls::Submit(const Caller& caller, const JobId& id, AuditEvent event, Decide decide,
                          OutcomeDone done) {
  const auto job = jobs_.OpenOwn(caller, id);
  if (!job.ok()) return done(job.status());
  auto changed = std::make_shared<bool>(false);
  JobChange change;
  change.decide = [changed, decide = std::move(decide)](const JobVersion& newest) {
    auto next = decide(newest);
    *changed = next.ok() && *next != newest;
    return next;
  };
  change.done = [this, caller, event = std::move(event), job = *job, changed,
                 done = std::move(done)](const absl::StatusOr<JobVersion>& result) {
    if (!result.ok()) return done(result.status());
    if (*changed) AuditCall(audit_, caller, event.name, job->id(), event.fields);
    done(JobOutcome{ViewFor(caller, *job), *changed ? Hresult::kOk : Hresult::kFalse});
  };
  (*job)->Submit(std::move(change));
}

void NetworkCalls::SetCredentials(const Caller& caller, const JobId& id, JobCredential credential,
                                  JobDone done) {
  // Who may is asked first: nobody learns what would be valid on another's job.
  if (const auto job = jobs_.OpenOwn(caller, id); !job.ok()) return done(job.status());
  const absl::Status valid = policy::CheckCredential(credential.target, credential.scheme,
                                                     credential.user, credential.password.view());
  if (!valid.ok()) return done(valid);
  AuditEvent event = CredentialEvent("credentials_set", credential.target, credential.scheme);
  event.fields.emplace_back("implicit", credential.is_implicit() ? "true" : "false");
  Submit(
      caller, id, std::move(event),
      [credential = std::move(credential)](const JobVersion& newest) {
        return change::SetCredential(newest, credential);
      },
      JobOnly(std::move(done)));
}

void NetworkCalls::RemoveCredentials(const Caller& caller, const JobId& id, AuthTarget target,
                                     AuthScheme scheme, OutcomeDone done) {
  if (const auto job = jobs_.OpenOwn(caller, id); !job.ok()) return done(job.status());
  if (absl::Status s = policy::CheckCredentialKind(target, scheme); !s.ok()) return done(s);
  Submit(
      caller, id, CredentialEvent("credentials_removed", target, scheme),
      [target, scheme](const JobVersion& newest) {
        return change::RemoveCredential(newest, target, scheme);
      },
      std::move(done));
}

void NetworkCalls::SetClientCertificate(const Caller& caller, const JobId& id,
                                        ClientCertificate certificate, JobDone done) {
  if (const auto job = jobs_.OpenOwn(caller, id); !job.ok()) return done(job.status());
  if (certificate.key.empty()) certificate.key = certificate.certificate;
  const absl::Status valid =
      policy::CheckClientCertificate(certificate.certificate, certificate.key);
  if (!valid.ok()) return done(valid);
  Submit(
      caller, id, {"client_certificate_set", {}},
      [certificate = std::move(certificate)](const JobVersion& newest) {
        return change::SetClientCertificate(newest, certificate);
      },
      JobOnly(std::move(done)));
}

void NetworkCalls::RemoveClientCertificate(const Caller& caller, const JobId& id,
                                           OutcomeDone done) {
  Submit(
      caller, id, {"client_certificate_removed", {}},
      [](const JobVersion& newest) { return change::SetClientCertificate(newest, std::nullopt); },
      std::move(done));
}

}  // namespace bitsd
