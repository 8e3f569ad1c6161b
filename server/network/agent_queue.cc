#include "server/network/agent_queue.h"

#include <algorithm>
#include <utility>

#include "server/error/errors.h"

namespace bitsd::network {
namespace {

/// Older tokens are not used: servers compare clocks.
constexpr std::chrono::seconds kFresh{30};
/// Who asks again within this time is likely to ask once more.
constexpr std::chrono::seconds kBusy{2};
constexpr size_t kMaxHosts = 16;

AgentReply One(Secret answer) {
  AgentReply reply;
  reply.answers.push_back(std::move(answer));
  return reply;
}

}  // namespace

bool AgentQueue::Negotiate(std::string host, Answer done) {
  AgentRequest request;
  request.host = std::move(host);
  return Enter(std::move(request), std::move(done));
}

bool AgentQueue::Ntlm(Answer done) {
  AgentRequest request;
  request.question = Question::kNtlm;
  return Enter(std::move(request), std::move(done));
}

bool AgentQueue::Take(Secret cache, Answer done) {
  AgentRequest request;
  request.question = Question::kTake;
  request.cache = std::move(cache);
  return Enter(std::move(request), std::move(done));
}

bool AgentQueue::Enter(AgentRequest request, Answer done) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= limits_.max_waiting) return false;
  last_used_ = now;
  waiting_.push_back({std::move(request), std::move(done), now + limits_.deadline});
  if (std::exchange(scheduled_, true)) return true;
  strand_->Post([self = shared_from_this()] { self->Serve(); });
  return true;
}

void AgentQueue::Serve() {
  while (std::optional<Waiting> next = TakeNext()) {
    next->done(AnswerTo(*next));
  }
  FillUp();
}

std::optional<AgentQueue::Waiting> AgentQueue::TakeNext() {
  const std::lock_guard lock(mutex_);
  scheduled_ = !waiting_.empty();
  if (!scheduled_) return std::nullopt;
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

absl::StatusOr<AgentReply> AgentQueue::AnswerTo(Waiting& waiting) {
  if (waiting.request.question == Question::kNegotiate) {
    return TokenFor(waiting.request, waiting.deadline);
  }
  const size_t expected = waiting.request.question == Question::kNtlm ? 2 : 1;
  auto reply = link_.Ask(std::move(waiting.request), waiting.deadline);
  if (!reply.ok() || reply->answers.size() == expected) return reply;
  return error::Unavailable("the agent that holds the credentials answered something else");
}

absl::StatusOr<AgentReply> AgentQueue::TokenFor(const AgentRequest& request, Deadline deadline) {
  Stock& stock = StockOf(request.host);
  const auto now = Clock::now();
  if (now - stock.made > kFresh) stock.tokens.clear();
  if (now - stock.asked > kBusy) stock.batch = 1;
  stock.asked = now;
  if (stock.tokens.empty()) {
    if (absl::Status status = Fill(request.host, stock, deadline); !status.ok()) return status;
  }
  Secret token = std::move(stock.tokens.front());
  stock.tokens.pop_front();
  last_host_ = request.host;
  return One(std::move(token));
}

AgentQueue::Stock& AgentQueue::StockOf(const std::string& host) {
  if (stocks_.size() >= kMaxHosts && stocks_.find(host) == stocks_.end()) stocks_.clear();
  return stocks_[host];
}

absl::Status AgentQueue::Fill(const std::string& host, Stock& stock, Deadline deadline) {
  AgentRequest request;
  request.host = host;
  request.count = stock.batch;
  auto reply = link_.Ask(std::move(request), deadline);
  if (!reply.ok()) return reply.status();
  stock.batch = std::min<uint8_t>(kMaxTokens, static_cast<uint8_t>(stock.batch * 2));
  stock.made = Clock::now();
  for (Secret& token : reply->answers) stock.tokens.push_back(std::move(token));
  return absl::OkStatus();
}

// Nobody waits, and whoever was served last will be back.
void AgentQueue::FillUp() {
  if (last_host_.empty()) return;
  const std::string host = std::exchange(last_host_, "");
  const auto found = stocks_.find(host);
  if (found == stocks_.end()) return;
  Stock& stock = found->second;
  if (stock.batch < 4 || stock.tokens.size() >= stock.batch / 2) return;
  // When it fails, whoever asks next hears why.
  Fill(host, stock, Clock::now() + limits_.deadline).IgnoreError();
}

void AgentQueue::RestAfter(std::chrono::milliseconds idle) {
  if (!link_.running() || !IdleFor(idle)) return;
  strand_->Post([self = shared_from_this(), idle] {
    if (!self->IdleFor(idle)) return;
    self->link_.Rest();
    self->stocks_.clear();
  });
}

bool AgentQueue::IdleFor(std::chrono::milliseconds idle) {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !scheduled_ && Clock::now() - last_used_ >= idle;
}

}  // namespace bitsd::network
