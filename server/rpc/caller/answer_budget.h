// How much of answers that a caller has not read yet the service keeps.
//
// gRPC keeps an answer until the client's flow control lets it go: a caller who asks on many
// streams and never reads would fill the memory. A caller above its bytes gets no further call;
// answers to calls that were under way then may take as much again, and beyond that a call ends
// without its answer.
//
// Thread safety: any thread. Ownership: a charge may outlive its budget.

#ifndef BITSD_SERVER_RPC_CALLER_ANSWER_BUDGET_H_
#define BITSD_SERVER_RPC_CALLER_ANSWER_BUDGET_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/rpc/caller/caller_key.h"

namespace bitsd::rpc {

class AnswerBudget {
  struct Counts;

 public:
  /// What gRPC keeps of a call besides its answer.
  static constexpr size_t kCallOverhead = size_t{8} << 10;

  explicit AnswerBudget(size_t per_caller);

  /// An answer that waits; its destructor gives the bytes back.
  class Charge {
   public:
    Charge(std::shared_ptr<Counts> counts, CallerKey caller, size_t bytes);
    ~Charge();
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;

   private:
    const std::shared_ptr<Counts> counts_;
    const CallerKey caller_;
    const size_t bytes_;
  };

  /// E_OUTOFMEMORY with rule answers_unread when `caller` has to read before it may call again.
  absl::Status Check(const CallerKey& caller) const;
  /// Counts an answer of `bytes`. The same error when it must not be kept.
  absl::StatusOr<std::unique_ptr<Charge>> Take(const CallerKey& caller, size_t bytes);

 private:
  static absl::Status Unread(size_t bytes);

  const size_t per_caller_;
  const std::shared_ptr<Counts> counts_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CALLER_ANSWER_BUDGET_H_
