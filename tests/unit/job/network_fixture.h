// JobFixture with accounts that have network credentials, and the calls about them.
//
// Thread safety: one test thread drives it. Ownership: as JobFixture.

#ifndef BITSD_TESTS_UNIT_JOB_NETWORK_FIXTURE_H_
#define BITSD_TESTS_UNIT_JOB_NETWORK_FIXTURE_H_

#include <string>
#include <utility>

#include "tests/unit/job/job_fixture.h"

namespace bitsd {

inline constexpr char kSecretWord[] = "marker-4711";

class NetworkFixture : public JobFixture {
 protected:
  NetworkFixture() {
    for (const Sid& sid : {kFetcher, kAlice, kAdmin}) Enrol(sid);
  }

  /// Gives the account a principal of its name, and lists two that it may delegate.
  void Enrol(const Sid& sid) {
    Account account = *accounts_.Find(sid);
    account.network.kerberos = KerberosAccount{account.name + "@R", "/keytab", ""};
    account.network.delegated = {{account.name + "@R", false}, {account.name + "/admin@R", true}};
    if (account.filtered) {
      account.filtered_network.kerberos = KerberosAccount{account.name + "-low@R", "/keytab", ""};
    }
    accounts_.Put(std::move(account));
  }

  Caller AsDelegating(const Sid& sid) {
    Caller caller = As(sid);
    auto token = std::make_shared<AccessToken>(*caller.token);
    token->level = ImpersonationLevel::kDelegate;
    caller.token = std::move(token);
    return caller;
  }

  static JobCredential Implicit(AuthTarget target = AuthTarget::kServer) {
    return {target, AuthScheme::kNegotiate, "", Secret()};
  }
  static JobCredential Explicit(const std::string& password = kSecretWord) {
    return {AuthTarget::kServer, AuthScheme::kBasic, "user", Secret(password)};
  }

  Reply<absl::StatusOr<JobView>> Set(const Caller& caller, const JobId& id,
                                     JobCredential credential) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().SetCredentials(caller, id, std::move(credential), reply.Callback());
    return reply;
  }

  Reply<absl::StatusOr<JobOutcome>> Remove(const Caller& caller, const JobId& id, AuthScheme scheme,
                                           AuthTarget target = AuthTarget::kServer) {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().RemoveCredentials(caller, id, target, scheme, reply.Callback());
    return reply;
  }

  Reply<absl::StatusOr<JobView>> SetCertificate(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().SetClientCertificate(caller, id, {"/home/c.pem", "/home/c.key"}, reply.Callback());
    return reply;
  }

  Reply<absl::StatusOr<JobOutcome>> RemoveCertificate(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().RemoveClientCertificate(caller, id, reply.Callback());
    return reply;
  }

  absl::StatusOr<JobView> Update(const Caller& caller, const JobId& id, JobUpdate update) {
    Reply<absl::StatusOr<JobView>> reply;
    jobs().UpdateJob(caller, id, std::move(update), reply.Callback());
    return reply.Get();
  }

  Reply<absl::StatusOr<absl::Time>> Delegate(const Caller& caller, const std::string& handle,
                                             const std::string& principal) {
    Loan loan;
    loan.delegated.emplace(principal);
    return SetToken(caller, handle, std::move(loan));
  }

  /// A job of fetcher's that runs, with these credentials.
  JobId RunningWith(JobCredential credential, JobPriority priority = JobPriority::kNormal) {
    const Caller fetcher = As(kFetcher);
    const JobId id = Create(fetcher, "job", priority);
    EXPECT_TRUE(Set(fetcher, id, std::move(credential)).Get().ok());
    EXPECT_TRUE(AddFile(fetcher, id).ok());
    EXPECT_TRUE(Resume(fetcher, id).ok());
    return id;
  }

  /// The network side of the newest transfer.
  const NetworkTask& Network() { return transfers_.last()->download.network; }
};

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_JOB_NETWORK_FIXTURE_H_
