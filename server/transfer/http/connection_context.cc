#include "server/transfer/http/connection_context.h"

#include <atomic>

#include "absl/strings/str_cat.h"

namespace bitsd {

bool MayShow(const HttpTask& http) {
  return http.settings != nullptr &&
         (!http.settings->credentials.empty() || http.settings->client_certificate);
}

uint32_t FlagsOf(const HttpTask& http) {
  return http.settings != nullptr ? http.settings->security_flags : 0;
}

std::string ConnectionContextOf(const NetworkTask& task, const TransferOptions& options) {
  static std::atomic<uint64_t> downloads{0};
  return absl::StrCat(task.context, "?flags=", FlagsOf(task.http), "&options=", options.generation,
                      MayShow(task.http) ? absl::StrCat("&download=", ++downloads) : "", "|");
}

}  // namespace bitsd
