// What to do next when something was refused or failed, in one table.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_HINTS_H_
#define BITSD_CLIENT_CLI_HINTS_H_

#include <span>
#include <string_view>

namespace bits::cli {

struct Hint {
  std::string_view key;  ///< A rule, the symbolic name of an HRESULT, a WaitingFor, or a gRPC code.
  std::string_view text;
};

std::span<const Hint> AllHints();

/// By `rule`, else by HRESULT name, else by gRPC code; empty when there is none. Of a rule with
/// several cases, the one that `message` names.
std::string_view HintFor(std::string_view rule, std::string_view name, std::string_view code,
                         std::string_view message = "");

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_HINTS_H_
