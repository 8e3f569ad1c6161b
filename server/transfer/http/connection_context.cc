#include "server/transfer/http/connection_context.h"

#include <atomic>

#include "absl/strings/str_cat.h"

namespace bitsd {

bool MayShow(const NetworkTask& task) {
  return task.settings != nullptr &&
         (!task.settings->credentials.empty() || task.settings->client_certificate);
}

uint32_t FlagsOf(const NetworkTask& task) {
  return task.settings != nullptr ? task.settings->security_flags : 0;
}

std::string ConnectionContextOf(const NetworkTask& task, const TransferOptions& options) {
  static std::atomic<uint64_t> downloads{0};
  return absl::StrCat(task.context, "?flags=", FlagsOf(task), "&options=", options.generation,
                      MayShow(task) ? absl::StrCat("&download=", ++downloads) : "", "|");
}

}  // namespace bitsd
