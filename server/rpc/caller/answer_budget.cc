#include "server/rpc/caller/answer_budget.h"

#include <mutex>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::rpc {

struct AnswerBudget::Counts {
  std::mutex mutex;
  absl::flat_hash_map<CallerKey, size_t> bytes;
};

AnswerBudget::AnswerBudget(size_t per_caller)
    : per_caller_(per_caller), counts_(std::make_shared<Counts>()) {}

AnswerBudget::Charge::Charge(std::shared_ptr<Counts> counts, CallerKey caller, size_t bytes)
    : counts_(std::move(counts)), caller_(std::move(caller)), bytes_(bytes) {}

AnswerBudget::Charge::~Charge() {
  const std::lock_guard lock(counts_->mutex);
  const auto it = counts_->bytes.find(caller_);
  it->second -= bytes_;
  if (it->second == 0) counts_->bytes.erase(it);
}

absl::Status AnswerBudget::Check(const CallerKey& caller) const {
  const std::lock_guard lock(counts_->mutex);
  const auto it = counts_->bytes.find(caller);
  if (it == counts_->bytes.end() || it->second < per_caller_) return absl::OkStatus();
  return Unread(it->second);
}

absl::StatusOr<std::unique_ptr<AnswerBudget::Charge>> AnswerBudget::Take(const CallerKey& caller,
                                                                         size_t bytes) {
  bytes += kCallOverhead;
  {
    const std::lock_guard lock(counts_->mutex);
    const auto it = counts_->bytes.try_emplace(caller, 0).first;
    if (it->second + bytes > 2 * per_caller_) {
      absl::Status unread = Unread(it->second + bytes);
      if (it->second == 0) counts_->bytes.erase(it);
      return unread;
    }
    it->second += bytes;
  }
  return std::make_unique<Charge>(counts_, caller, bytes);
}

absl::Status AnswerBudget::Unread(size_t bytes) {
  return error::AnswersUnread(absl::StrCat(
      "Answers of ", bytes,
      " bytes wait for you to read them. Read or cancel your open calls, then call again; ask for "
      "smaller pages, and for fewer at once."));
}

}  // namespace bitsd::rpc
