#include "server/identity/impersonation_level.h"

namespace bitsd {

std::optional<ImpersonationLevel> ParseImpersonationLevel(std::string_view name) {
  if (name == "anonymous") return ImpersonationLevel::kAnonymous;
  if (name == "identify") return ImpersonationLevel::kIdentify;
  if (name == "impersonate") return ImpersonationLevel::kImpersonate;
  if (name == "delegate") return ImpersonationLevel::kDelegate;
  return std::nullopt;
}

}  // namespace bitsd
