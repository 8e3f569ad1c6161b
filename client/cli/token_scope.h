// The limits of a loan: as options, as a message, and in words.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_TOKEN_SCOPE_H_
#define BITSD_CLIENT_CLI_TOKEN_SCOPE_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bits/v1/job.pb.h"
#include "bits/v1/token_options.pb.h"
#include "client/cli/command.h"

namespace bits::cli {

inline constexpr Parameter kLocalRootOption{.name = "--local-root",
                                            .value = "FOLDER",
                                            .help = "Lend for files below these folders only",
                                            .offer = Offer::kFolder,
                                            .many = true};
inline constexpr Parameter kHostOption{.name = "--host",
                                       .value = "HOST",
                                       .help = "Lend for transfers that reach these hosts only",
                                       .many = true};
inline constexpr Parameter kUsageOption{
    .name = "--usage",
    .value = "FLAGS",
    .help = "Lend for these uses only, whatever flags are set later",
    .offer = Offer::kSuggestions,
    .choices = std::span(kTokenFlags).first(3)};  // NONE would lend nothing.
inline constexpr Parameter kMaxExpireOption{
    .name = "--max-expire", .value = "DURATION", .help = "Lend for at most so long: 45m, 8h, 1d"};
inline constexpr Parameter kUnrestrictedOption{
    .name = "--unrestricted",
    .value = "",
    .help = "Lend for everything that the job's owner asks for, as BITS does"};

/// What the options above say; no value for --unrestricted. A usage error that teaches when none of
/// them was given: nobody lends without limits by accident.
absl::StatusOr<std::optional<v1::TokenScope>> ScopeOf(const Arguments& arguments,
                                                      std::chrono::system_clock::time_point now);

/// No more than it takes to write these files: `usage_flags`, and their folders, or what those have
/// in common when they are many. A usage error for a relative name.
absl::StatusOr<v1::TokenScope> ScopeFor(const std::vector<v1::FileInfo>& files,
                                        uint32_t usage_flags);

/// Lines such as "  for files below /srv/alice\n"; for no value that there is no limit.
std::string ScopeText(const std::optional<v1::TokenScope>& scope);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_TOKEN_SCOPE_H_
