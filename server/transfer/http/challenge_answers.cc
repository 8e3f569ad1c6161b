#include "server/transfer/http/challenge_answers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/policy/http_flags.h"
#include "server/transfer/http/connection_context.h"

namespace bitsd {
namespace {

/// Whom `target` of `hop` is, among those that have asked.
std::string NameOf(AuthTarget target, const HttpHop& hop) {
  if (target == AuthTarget::kProxy) return "proxy " + hop.proxy->Address();
  return absl::StrCat(hop.url.scheme == policy::Scheme::kHttps ? "https " : "http ",
                      policy::HostNameOf(hop.url), ":", hop.url.port);
}

std::string HostOf(AuthTarget target, const HttpHop& hop) {
  if (target == AuthTarget::kServer) return policy::HostNameOf(hop.url);
  const absl::StatusOr<policy::Url> url = policy::ParseUrl(hop.proxy->Url());
  return url.ok() ? policy::HostNameOf(*url) : hop.proxy->host;
}

bool IsListed(const policy::Proxy& proxy, const policy::NetworkRules& rules) {
  const absl::StatusOr<policy::Url> url = policy::ParseUrl(proxy.Url());
  return url.ok() && policy::Covered(rules.implicit_proxies, *url);
}

}  // namespace

struct ChallengeAnswers::Gathering {
  HttpHop hop;
  Shown shown;
  Done done;

  HttpShown& For(AuthTarget target) {
    return target == AuthTarget::kServer ? shown.to_server : shown.to_proxy;
  }
};

ChallengeAnswers::ChallengeAnswers(Executor& executor, const NetworkTask& task,
                                   const policy::NetworkRules& rules)
    : poster_(std::make_shared<WeakPoster>(executor)), task_(task), rules_(rules) {
  if (task_.http.settings == nullptr) return;
  for (const JobCredential& credential : task_.http.settings->credentials) {
    entries_.push_back({credential.target, credential.scheme, credential.is_implicit(), false});
  }
  for (const LostCredential& lost : task_.http.settings->lost) {
    entries_.push_back({lost.target, lost.scheme, false, true});
  }
}

void ChallengeAnswers::Close() { poster_->Close(); }

absl::StatusOr<policy::ChallengeAnswer> ChallengeAnswers::Judge(AuthTarget target, uint32_t offered,
                                                                const HttpHop& hop) const {
  const bool server = target == AuthTarget::kServer;
  const bool proxy_listed = hop.proxy && IsListed(*hop.proxy, rules_);
  const bool tls = hop.url.scheme == policy::Scheme::kHttps;
  const uint32_t flags = FlagsOf(task_.http);
  policy::Challenge challenge;
  challenge.target = target;
  challenge.offered = offered;
  challenge.credentials = entries_;
  challenge.has_kerberos = task_.identity != nullptr && task_.identity->has_kerberos();
  challenge.has_ntlm = task_.identity != nullptr && task_.identity->has_ntlm();
  challenge.own_host = hop.own_host;
  challenge.listed = server ? policy::Covered(rules_.implicit_hosts, hop.url) : proxy_listed;
  challenge.weakened_tls = server && tls && policy::WeakensTls(flags);
  challenge.through_unlisted_proxy =
      server && !tls && hop.proxy && hop.proxy->named_by_job && !proxy_listed;
  return policy::AnswerTo(challenge);
}

absl::Status ChallengeAnswers::OnChallenge(AuthTarget target, uint32_t offered,
                                           const HttpHop& hop) {
  const absl::StatusOr<policy::ChallengeAnswer> answer = Judge(target, offered, hop);
  if (answer.ok()) asked_[NameOf(target, hop)] = offered;
  return answer.status();
}

std::optional<policy::ChallengeAnswer> ChallengeAnswers::AnswerFor(AuthTarget target,
                                                                   const HttpHop& hop) const {
  if (target == AuthTarget::kProxy && !hop.proxy) return std::nullopt;
  const auto asked = asked_.find(NameOf(target, hop));
  if (asked == asked_.end()) return std::nullopt;
  const absl::StatusOr<policy::ChallengeAnswer> answer = Judge(target, asked->second, hop);
  return answer.ok() ? std::optional(*answer) : std::nullopt;
}

void ChallengeAnswers::Prepare(const HttpHop& hop, Done done) {
  Gather(std::make_shared<Gathering>(Gathering{hop, {}, std::move(done)}), AuthTarget::kServer);
}

void ChallengeAnswers::GatherNext(const std::shared_ptr<Gathering>& gathering, AuthTarget target) {
  if (target == AuthTarget::kServer) return Gather(gathering, AuthTarget::kProxy);
  gathering->done(target, std::move(gathering->shown));
}

void ChallengeAnswers::Gather(const std::shared_ptr<Gathering>& gathering, AuthTarget target) {
  const auto answer = AnswerFor(target, gathering->hop);
  if (!answer) return GatherNext(gathering, target);
  HttpShown& shown = gathering->For(target);
  shown.scheme = answer->scheme;
  if (answer->implicit) return AskIdentity(gathering, target, answer->scheme);
  const JobCredential& credential = task_.http.settings->credentials[answer->entry];
  shown.user = credential.user;
  shown.password = credential.password;
  GatherNext(gathering, target);
}

// The identity answers on a thread of its own. Closed, the door lets nobody in: `this` is there for
// whoever comes through it.
void ChallengeAnswers::AskIdentity(const std::shared_ptr<Gathering>& gathering, AuthTarget target,
                                   AuthScheme scheme) {
  const auto finish = [this, gathering, target](absl::Status status) {
    if (status.ok()) return GatherNext(gathering, target);
    gathering->done(target, std::move(status));
  };
  if (scheme == AuthScheme::kNegotiate) {
    return task_.identity->Negotiate(
        HostOf(target, gathering->hop),
        [door = poster_, gathering, target, finish](absl::StatusOr<std::string> token) {
          if (token.ok()) gathering->For(target).token = Secret(*token);
          door->Post([finish, status = token.status()] { finish(status); });
        });
  }
  task_.identity->Ntlm(
      [door = poster_, gathering, target, finish](absl::StatusOr<NtlmLogin> login) {
        if (login.ok()) {
          gathering->For(target).user = login->user;
          gathering->For(target).password = login->password;
        }
        door->Post([finish, status = login.status()] { finish(status); });
      });
}

}  // namespace bitsd
