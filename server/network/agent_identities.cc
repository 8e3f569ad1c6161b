#include "server/network/agent_identities.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "server/broker/agent_table.h"
#include "server/error/errors.h"

namespace bitsd::network {
namespace {

/// As many agents may hang at the same time, each in its thread.
constexpr size_t kThreads = AgentTable::kMaxAgents + 16;

absl::Status TooMany() {
  return error::Unavailable("too many requests wait for the credentials: try again later");
}

/// Why nothing was taken. An agent that died of the bytes leaves nothing to lend again.
absl::Status NotTaken(const absl::Status& status) {
  if (DetailOf(status).hresult != Hresult::kTokenRequired) return status;
  return error::InvalidArgument("the delegated credential cache could not be read");
}

bool IsBase64(char c) { return absl::ascii_isalnum(c) || c == '+' || c == '/' || c == '='; }

std::string TextOf(const Secret& secret) { return std::string(secret.view()); }

/// It becomes a part of a header line: an agent that was taken over writes no other there.
absl::StatusOr<std::string> TokenOf(const Secret& answer) {
  const std::string_view text = answer.view();
  if (std::all_of(text.begin(), text.end(), IsBase64)) return TextOf(answer);
  return error::Unavailable("the agent that holds the credentials answered no token");
}

}  // namespace

class AgentIdentities::Identity final : public NetworkIdentity {
 public:
  Identity(AgentIdentities& owner, std::shared_ptr<AgentQueue> queue,
           const wire::OpenAgentRequest& who)
      : owner_(owner),
        queue_(std::move(queue)),
        kerberos_(who.kerberos || who.delegated()),
        ntlm_(who.ntlm.has_value()) {}
  ~Identity() override { queue_->Close(); }

  bool has_kerberos() const override { return kerberos_; }
  bool has_ntlm() const override { return ntlm_; }

  void Negotiate(std::string host, std::function<void(absl::StatusOr<std::string>)> done) override {
    const absl::Status status = CheckNegotiate(host);
    if (!status.ok()) return owner_.Refuse([done, status] { done(status); });
    const bool entered =
        queue_->Negotiate(absl::AsciiStrToLower(host), [done](absl::StatusOr<AgentReply> reply) {
          if (!reply.ok()) return done(reply.status());
          done(TokenOf(reply->answers.front()));
        });
    if (!entered) owner_.Refuse([done] { done(TooMany()); });
  }

  void Ntlm(std::function<void(absl::StatusOr<NtlmLogin>)> done) override {
    if (!ntlm_) return owner_.Refuse([done] { done(Without("NTLM login")); });
    const bool entered = queue_->Ntlm([done](absl::StatusOr<AgentReply> reply) {
      if (!reply.ok()) return done(reply.status());
      done(NtlmLogin{TextOf(reply->answers[0]), std::move(reply->answers[1])});
    });
    if (!entered) owner_.Refuse([done] { done(TooMany()); });
  }

  AgentQueue& queue() { return *queue_; }

 private:
  static absl::Status Without(const std::string& what) {
    return error::AccessDenied(
        Rule::kNetworkCredentialsUnusable,
        "the account directory gives this identity no " + what + ": add it below `network:`");
  }

  absl::Status CheckNegotiate(const std::string& host) const {
    if (!kerberos_) return Without("Kerberos principal");
    if (IsServiceHost(host)) return absl::OkStatus();
    return error::InvalidArgument("no Kerberos service is named by the host \"" + host +
                                  "\": use a name");
  }

  AgentIdentities& owner_;
  const std::shared_ptr<AgentQueue> queue_;
  const bool kerberos_;
  const bool ntlm_;
};

AgentIdentities::AgentIdentities(OpenAgent open, Timer& timer, Options options)
    : open_(std::move(open)),
      options_(options),
      timer_(timer),
      pool_(kThreads),
      refusals_(pool_->NewStrand()),
      self_(std::make_shared<AgentIdentities*>(this)) {
  SweepLater();
}

// What hangs is let go first: the pool waits for its tasks.
AgentIdentities::~AgentIdentities() {
  {
    const std::lock_guard lock(mutex_);
    for (auto& [key, identity] : identities_) identity->queue().Close();
  }
  pool_.reset();
}

std::shared_ptr<AgentQueue> AgentIdentities::NewQueue(wire::OpenAgentRequest who) {
  const bool lasting = !who.delegated();
  auto start = [this, who = std::move(who)](Deadline deadline) { return open_(who, deadline); };
  return std::make_shared<AgentQueue>(std::move(start), lasting, pool_->NewStrand(),
                                      options_.limits);
}

NetworkIdentityPtr AgentIdentities::Of(const Sid& user, const NetworkCredentials& credentials) {
  const wire::OpenAgentRequest who{user, credentials.kerberos, credentials.ntlm};
  if (who.delegated()) return nullptr;
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Identity>& entry = identities_[wire::Encode(who)];
  if (entry == nullptr) entry = std::make_shared<Identity>(*this, NewQueue(who), who);
  return entry;
}

void AgentIdentities::Take(const Sid& user, Secret credential_cache,
                           std::function<void(absl::StatusOr<Delegated>)> done) {
  if (credential_cache.empty() || credential_cache.view().size() > kMaxCacheBytes) {
    return Refuse([done] {
      done(error::InvalidArgument("a delegated credential cache has 1 to " +
                                  std::to_string(kMaxCacheBytes) + " bytes"));
    });
  }
  {
    const std::lock_guard lock(mutex_);
    size_t& taking = taking_[user];
    if (taking >= options_.max_taking) return Refuse([done] { done(TooMany()); });
    ++taking;
  }
  const wire::OpenAgentRequest who{user, std::nullopt, std::nullopt};
  auto queue = NewQueue(who);
  auto identity = std::make_shared<Identity>(*this, queue, who);
  queue->Take(std::move(credential_cache), [this, user, identity, done](auto reply) {
    if (reply.ok()) {
      done(Delegated{identity, TextOf(reply->answers.front())});
    } else {
      done(NotTaken(reply.status()));
    }
    const std::lock_guard lock(mutex_);
    if (--taking_[user] == 0) taking_.erase(user);
    taken_.notify_all();
  });
}

void AgentIdentities::AwaitTaken() {
  std::unique_lock lock(mutex_);
  taken_.wait(lock, [this] { return taking_.empty(); });
}

void AgentIdentities::SweepLater() {
  const absl::Duration pause = absl::FromChrono(options_.idle) / 4;
  timer_.After(pause, [weak = std::weak_ptr<AgentIdentities*>(self_)] {
    if (const auto self = weak.lock()) (*self)->Sweep();
  });
}

void AgentIdentities::Sweep() {
  {
    const std::lock_guard lock(mutex_);
    for (auto& [key, identity] : identities_) identity->queue().RestAfter(options_.idle);
    std::erase_if(identities_, [this](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->queue().IdleFor(options_.idle);
    });
  }
  SweepLater();
}

}  // namespace bitsd::network
