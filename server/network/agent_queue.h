// The requests of one identity to its credential agent: in order, bounded, and with a stock of
// tokens for the host that is asked for again and again.
//
// A token is good for one request, and making it takes longer than handing it over: who needs many
// is served out of the stock, which the agent fills up meanwhile. Thread safety: any thread;
// nothing blocks but the tasks on its strand. Ownership: tasks keep it; the pool of the strand
// outlives it.

#ifndef BITSD_SERVER_NETWORK_AGENT_QUEUE_H_
#define BITSD_SERVER_NETWORK_AGENT_QUEUE_H_

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/disk_pool.h"
#include "server/identity/network_identity.h"
#include "server/network/agent_link.h"

namespace bitsd::network {

class AgentQueue : public std::enable_shared_from_this<AgentQueue> {
 public:
  struct Limits {
    std::chrono::milliseconds deadline{15'000};  ///< Of one request.
    /// Of an agent that is busy with one: longer than the Kerberos library tries to reach a KDC
    /// (27 s, measured).
    std::chrono::milliseconds patience{60'000};
    size_t max_waiting = 1024;
  };

  AgentQueue(StartAgent start, bool lasting, std::shared_ptr<Strand> strand, Limits limits)
      : limits_(limits),
        strand_(std::move(strand)),
        link_(std::move(start), lasting, limits.patience) {}

  using Answer = std::function<void(absl::StatusOr<AgentReply>)>;

  /// `done` runs once, on the strand: with one token, or the login. False, and nothing runs, when
  /// too many wait already.
  bool Negotiate(std::string host, Answer done);
  bool Ntlm(Answer done);
  /// The first request to an agent for delegated credentials: the answer is their principal.
  bool Take(Secret cache, Answer done);

  /// Ends the agent, and tells whoever waits.
  void Close() { link_.Close(); }
  /// Ends the agent until it is needed again, if nothing was asked for `idle`.
  void RestAfter(std::chrono::milliseconds idle);
  /// Nothing waits, and nothing was asked for `idle`.
  bool IdleFor(std::chrono::milliseconds idle);

 private:
  using Clock = std::chrono::steady_clock;

  struct Waiting {
    AgentRequest request;
    Answer done;
    Deadline deadline;
  };
  /// Tokens for one host, oldest first. The strand's.
  struct Stock {
    std::deque<Secret> tokens;
    Clock::time_point made;
    Clock::time_point asked;
    uint8_t batch = 1;  ///< How many are made next.
  };

  bool Enter(AgentRequest request, Answer done);
  void Serve();
  std::optional<Waiting> TakeNext();
  absl::StatusOr<AgentReply> AnswerTo(Waiting& waiting);
  absl::StatusOr<AgentReply> TokenFor(const AgentRequest& request, Deadline deadline);
  Stock& StockOf(const std::string& host);
  absl::Status Fill(const std::string& host, Stock& stock, Deadline deadline);
  void FillUp();

  const Limits limits_;
  const std::shared_ptr<Strand> strand_;
  AgentLink link_;
  std::map<std::string, Stock> stocks_;  ///< The strand's.
  std::string last_host_;                ///< The strand's: whom a token was just handed out for.
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  bool scheduled_ = false;
  Clock::time_point last_used_ = Clock::now();
};

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_AGENT_QUEUE_H_
