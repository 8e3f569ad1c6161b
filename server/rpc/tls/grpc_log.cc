#include "server/rpc/tls/grpc_log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <string_view>
#include <utility>

#include "server/base/rate_limit.h"

namespace bitsd::rpc {
namespace {

/// Where gRPC's log function, which takes no argument, finds the counters.
struct Current {
  std::mutex mutex;
  std::weak_ptr<HandshakeCounters> counters;
  /// Peers cause lines: a flood of connections must not be one of the log.
  RateLimit lines{20, absl::Seconds(1)};
};

Current& CurrentCounters() {
  static Current* const current = new Current;  // Never destroyed: gRPC's threads may outlive main.
  return *current;
}

std::shared_ptr<HandshakeCounters> LockCounters() {
  Current& current = CurrentCounters();
  const std::lock_guard lock(current.mutex);
  return current.counters.lock();
}

#ifdef BITSD_HAS_GPR_LOG

constexpr std::string_view kServerFile = "chttp2_server.cc";
constexpr std::string_view kFailed = "Handshaking failed: ";

/// True when the line was about a handshake that our side of a connection refused.
bool TakeHandshake(std::string_view file, std::string_view message) {
  if (!file.ends_with(kServerFile) || !message.starts_with(kFailed)) return false;
  message.remove_prefix(kFailed.size());
  if (const auto counters = LockCounters()) counters->Add(message);
  return true;
}

bool MayWrite() {
  Current& current = CurrentCounters();
  const std::lock_guard lock(current.mutex);
  if (!current.lines.Has(absl::Now())) return false;
  current.lines.Take();
  return true;
}

void TakeLine(gpr_log_func_args* line) {
  if (TakeHandshake(line->file, line->message)) return;
  // Peers can cause any of these: none is an error of the service.
  if (line->severity == GPR_LOG_SEVERITY_ERROR && MayWrite()) {
    spdlog::warn("gRPC: {}", line->message);
  }
  if (line->severity == GPR_LOG_SEVERITY_INFO) spdlog::debug("gRPC: {}", line->message);
}

void Install() {
  gpr_set_log_function(TakeLine);
  // Failed handshakes are told at this level only.
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
}

#else

void Install() { spdlog::warn("This gRPC does not tell of refused handshakes: not counted."); }

#endif

}  // namespace

GrpcLogHook::GrpcLogHook(std::shared_ptr<HandshakeCounters> counters)
    : counters_(std::move(counters)) {
  {
    Current& current = CurrentCounters();
    const std::lock_guard lock(current.mutex);
    current.counters = counters_;
  }
  Install();
}

GrpcLogHook::~GrpcLogHook() {
  Current& current = CurrentCounters();
  const std::lock_guard lock(current.mutex);
  if (current.counters.lock() == counters_) current.counters.reset();
}

}  // namespace bitsd::rpc
