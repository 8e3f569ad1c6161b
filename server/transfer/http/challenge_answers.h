// What the requests of one download show to the servers and proxies that ask who they are.
//
// Whoever has asked once is answered with every request from then on, each time as policy decides
// for that request; implicit credentials come from the acting identity, a new token for each.
//
// Thread safety: the engine's thread only; `done` of Prepare runs there, too, at once or later, and
// never after Close. Ownership: the executor must outlive it.

#ifndef BITSD_SERVER_TRANSFER_HTTP_CHALLENGE_ANSWERS_H_
#define BITSD_SERVER_TRANSFER_HTTP_CHALLENGE_ANSWERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/model/transfer_service.h"
#include "server/policy/challenge_rules.h"
#include "server/policy/network_rules.h"
#include "server/transfer/common/weak_poster.h"
#include "server/transfer/http/http_hop.h"
#include "server/transfer/http/http_request.h"

namespace bitsd {

class ChallengeAnswers {
 public:
  struct Shown {
    HttpShown to_server;
    HttpShown to_proxy;
  };
  /// A failure is of the acting identity, which has no answer now; `target` asked for it.
  using Done = std::function<void(AuthTarget target, absl::StatusOr<Shown>)>;

  /// `task` and `rules` must outlive it.
  ChallengeAnswers(Executor& executor, const NetworkTask& task, const policy::NetworkRules& rules);
  ~ChallengeAnswers() { Close(); }
  ChallengeAnswers(const ChallengeAnswers&) = delete;
  ChallengeAnswers& operator=(const ChallengeAnswers&) = delete;

  /// `target` of `hop` asked, and offered these schemes. The error of policy::AnswerTo when it gets
  /// no answer.
  absl::Status OnChallenge(AuthTarget target, uint32_t offered, const HttpHop& hop);

  /// Gathers what the next request shows on `hop`. One at a time.
  void Prepare(const HttpHop& hop, Done done);

  /// Whatever is under way is given up.
  void Close();

 private:
  struct Gathering;

  absl::StatusOr<policy::ChallengeAnswer> Judge(AuthTarget target, uint32_t offered,
                                                const HttpHop& hop) const;
  std::optional<policy::ChallengeAnswer> AnswerFor(AuthTarget target, const HttpHop& hop) const;
  void Gather(const std::shared_ptr<Gathering>& gathering, AuthTarget target);
  void GatherNext(const std::shared_ptr<Gathering>& gathering, AuthTarget target);
  void AskIdentity(const std::shared_ptr<Gathering>& gathering, AuthTarget target,
                   AuthScheme scheme);

  const std::shared_ptr<WeakPoster> poster_;
  const NetworkTask& task_;
  const policy::NetworkRules& rules_;
  std::vector<policy::CredentialEntry> entries_;  ///< Those of the job's settings, in their order.
  std::map<std::string, uint32_t> asked_;         ///< Schemes that a server or proxy offered.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_CHALLENGE_ANSWERS_H_
