// Identities whose credential agents do as the test says.
//
// Thread safety: one test thread; what agents use is guarded. Ownership: agents and identities.

#ifndef BITSD_TESTS_UNIT_NETWORK_AGENT_IDENTITIES_FIXTURE_H_
#define BITSD_TESTS_UNIT_NETWORK_AGENT_IDENTITIES_FIXTURE_H_

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "server/base/timer.h"
#include "server/error/errors.h"
#include "server/network/agent_identities.h"
#include "tests/testing/wait.h"
#include "tests/unit/network/scripted_agent.h"

namespace bitsd::network {

inline const Sid kAlice(5, {21, 1, 2, 3, 1001});
inline const Sid kBob(5, {21, 1, 2, 3, 1002});

inline NetworkCredentials Keytab(const std::string& name) {
  NetworkCredentials credentials;
  credentials.kerberos = {name + "@TEST.LOCAL", "/etc/" + name + ".keytab", ""};
  return credentials;
}

/// Closed until it is opened; for scripts that must wait.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Gathers what was answered, in order.
class Answers {
 public:
  void Add(const absl::StatusOr<std::string>& answer) {
    const std::lock_guard lock(mutex_);
    all_.push_back(answer);
  }
  std::vector<absl::StatusOr<std::string>> Await(size_t count) {
    EXPECT_TRUE(tests::WaitFor([&] { return size() >= count; })) << size() << " of " << count;
    const std::lock_guard lock(mutex_);
    return all_;
  }
  size_t size() {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<absl::StatusOr<std::string>> all_;
};

inline std::string RefusalOf(const absl::Status& status) {
  if (status.ok()) return "ok";
  const ErrorDetail detail = DetailOf(status);
  if (!detail.rule.empty()) return detail.rule;
  const bool later = absl::IsUnavailable(status) || detail.hresult == Hresult::kOk;
  return later ? "unavailable" : HresultName(uint32_t(detail.hresult));
}

class AgentIdentitiesTest : public ::testing::Test {
 protected:
  /// Every agent answers by `script`.
  void Start(ScriptedAgents::Script script, AgentIdentities::Options options = {}) {
    agents_.emplace(std::move(script));
    networks_.emplace(
        [this](const wire::OpenAgentRequest& who, Deadline) {
          const std::lock_guard lock(mutex_);
          opened_.push_back(who);
          return agents_->Start();
        },
        timer_, options);
  }
  void TearDown() override {
    timer_.Stop();
    networks_.reset();
  }

  /// The first question of all waits at `gate`.
  void StartHangingOnce(Gate& gate, AgentIdentities::Options options) {
    Start(
        [this, &gate](const AgentRequest& request) {
          if (!hung_.exchange(true)) gate.Pass();
          return Encode(ScriptedAgents::Tokens(request, made_));
        },
        options);
  }

  absl::StatusOr<std::string> Ask(const NetworkIdentityPtr& who, const std::string& host = "web") {
    Answers answers;
    who->Negotiate(host, [&](auto answer) { answers.Add(answer); });
    return answers.Await(1).front();
  }

  absl::StatusOr<NetworkIdentities::Delegated> Take(const std::string& cache) {
    std::optional<absl::StatusOr<NetworkIdentities::Delegated>> taken;
    std::atomic<bool> done = false;
    networks_->Take(kAlice, Secret(cache), [&](auto result) {
      taken = std::move(result);
      done = true;
    });
    EXPECT_TRUE(tests::WaitFor([&] { return done.load(); }));
    return *std::move(taken);
  }

  /// Tokens, and a principal to whoever sends a cache.
  ScriptedAgents::Script GoodAgent() {
    return [this](const AgentRequest& request) -> std::optional<std::string> {
      if (request.question == Question::kNegotiate) {
        const std::lock_guard lock(mutex_);
        batches_.push_back(request.count);
        return Encode(ScriptedAgents::Tokens(request, made_));
      }
      AgentReply reply;
      reply.number = request.number;
      reply.answers.emplace_back(request.question == Question::kNtlm ? "TEST\\alice"
                                                                     : "alice@TEST.LOCAL");
      if (request.question == Question::kNtlm) reply.answers.emplace_back("password");
      return Encode(reply);
    };
  }

  std::mutex mutex_;
  std::vector<wire::OpenAgentRequest> opened_;
  std::atomic<int> made_ = 0;
  std::atomic<bool> hung_ = false;
  std::vector<int> batches_;  ///< The only agent's; mutex_ guards it.
  Gate gate_;                 ///< What hangs in it may end with the agents only.
  std::optional<ScriptedAgents> agents_;
  Timer timer_;
  std::optional<AgentIdentities> networks_;
};

}  // namespace bitsd::network

#endif  // BITSD_TESTS_UNIT_NETWORK_AGENT_IDENTITIES_FIXTURE_H_
