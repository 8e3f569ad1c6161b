#include "client/cli/exit_code.h"

#include <cstdlib>

#include "absl/strings/cord.h"

namespace bits::cli {
namespace {

constexpr char kExitUrl[] = "bitsctl/exit";

constexpr ExitCodeRow kRows[] = {
    {kExitOk, "done"},
    {kExitFailed, "the job or the operation failed"},
    {kExitUsage, "wrong usage, or an argument that the service refuses"},
    {kExitNotFound, "there is no such job, file or identity"},
    {kExitDenied, "access denied"},
    {kExitNoConnection, "no connection, or no identity that the service accepts"},
    {kExitTimeout, "no answer within --timeout"},
    {kExitWrongState, "the state of the job, the token or a local file does not allow it"},
    {kExitLimit, "a limit of the service is reached"},
    {kExitNotBuilt, "the service does not have it"},
    {kExitInterrupted, "interrupted by Ctrl-C; the job goes on"},
};

struct CodeRow {
  absl::StatusCode code;
  ExitCode exit;
};

constexpr CodeRow kCodes[] = {
    {absl::StatusCode::kOk, kExitOk},
    {absl::StatusCode::kCancelled, kExitFailed},
    {absl::StatusCode::kUnknown, kExitFailed},
    {absl::StatusCode::kInvalidArgument, kExitUsage},
    {absl::StatusCode::kDeadlineExceeded, kExitTimeout},
    {absl::StatusCode::kNotFound, kExitNotFound},
    {absl::StatusCode::kAlreadyExists, kExitWrongState},
    {absl::StatusCode::kPermissionDenied, kExitDenied},
    {absl::StatusCode::kResourceExhausted, kExitLimit},
    {absl::StatusCode::kFailedPrecondition, kExitWrongState},
    {absl::StatusCode::kAborted, kExitFailed},
    {absl::StatusCode::kOutOfRange, kExitUsage},
    {absl::StatusCode::kUnimplemented, kExitNotBuilt},
    {absl::StatusCode::kInternal, kExitFailed},
    {absl::StatusCode::kUnavailable, kExitNoConnection},
    {absl::StatusCode::kDataLoss, kExitFailed},
    {absl::StatusCode::kUnauthenticated, kExitNoConnection},
};

}  // namespace

std::span<const ExitCodeRow> ExitCodes() { return kRows; }

ExitCode ExitCodeOf(const absl::Status& status) {
  if (const auto payload = status.GetPayload(kExitUrl)) {
    return static_cast<ExitCode>(std::atoi(std::string(*payload).c_str()));
  }
  for (const CodeRow& row : kCodes) {
    if (row.code == status.code()) return row.exit;
  }
  return kExitFailed;
}

absl::Status WithExitCode(absl::Status status, ExitCode code) {
  status.SetPayload(kExitUrl, absl::Cord(std::to_string(code)));
  return status;
}

absl::Status UsageError(const std::string& message) {
  return WithExitCode(absl::InvalidArgumentError(message), kExitUsage);
}

absl::Status IdentityError(const absl::Status& why) {
  return WithExitCode(
      absl::FailedPreconditionError("cannot connect: " + std::string(why.message())),
      kExitNoConnection);
}

}  // namespace bits::cli
