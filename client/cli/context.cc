#include "client/cli/context.h"

#include <google/protobuf/util/json_util.h>

#include <ostream>
#include <utility>

#include "absl/strings/cord.h"
#include "bitsd/client/error.h"
#include "client/cli/format.h"

namespace bits::cli {
namespace {

constexpr char kUsageUrl[] = "bitsctl/usage";
constexpr char kIdentityUrl[] = "bitsctl/identity";

absl::Status Marked(absl::Status status, const char* url) {
  status.SetPayload(url, absl::Cord());
  return status;
}

ImpersonationLevel LevelOf(const std::string& name) {
  if (name == "anonymous") return ImpersonationLevel::kAnonymous;
  if (name == "identify") return ImpersonationLevel::kIdentify;
  if (name == "delegate") return ImpersonationLevel::kDelegate;
  return ImpersonationLevel::kImpersonate;
}

bool IsConnectionFailure(const absl::Status& status) {
  const bool silent = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  return silent && ErrorOf(status).reason.empty();
}

std::string ReasonLine(const absl::Status& status) {
  const CallError error = ErrorOf(status);
  if (error.reason.empty()) return absl::StatusCodeToString(status.code());
  if (error.hresult == 0) return Printable(error.reason);
  return Printable(error.reason) + " (" + HresultText(error.hresult) + ")";
}

}  // namespace

absl::StatusOr<Client> Context::Connect() const {
  if (options.certificate.empty() || options.key.empty() || options.roots.empty()) {
    return UsageError(
        "who are you? Give --cert, --key and --ca, or set BITSCTL_CERT, BITSCTL_KEY and "
        "BITSCTL_CA");
  }
  auto identity = LoadIdentity(options.certificate, options.key, options.roots);
  if (!identity.ok()) return IdentityError(identity.status());
  ClientOptions client_options;
  client_options.endpoint = options.endpoint;
  client_options.identity = *std::move(identity);
  client_options.deadline =
      std::chrono::milliseconds(static_cast<int64_t>(options.timeout_seconds * 1000));
  client_options.impersonation_level = LevelOf(options.impersonation_level);
  client_options.filter_admin = options.filter_admin;
  auto client = Client::Connect(std::move(client_options));
  if (!client.ok()) return IdentityError(client.status());
  return client;
}

void Context::Show(const google::protobuf::Message& message, const std::string& text) {
  if (!options.json) {
    out << text;
    return;
  }
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  print.preserve_proto_field_names = true;
  print.always_print_primitive_fields = true;
  std::string json;
  if (google::protobuf::util::MessageToJsonString(message, &json, print).ok()) out << json;
}

absl::Status UsageError(const std::string& message) {
  return Marked(absl::InvalidArgumentError(message), kUsageUrl);
}

absl::Status IdentityError(const absl::Status& why) {
  return Marked(absl::FailedPreconditionError("cannot connect: " + std::string(why.message())),
                kIdentityUrl);
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  if (status.GetPayload(kUsageUrl)) return kExitUsage;
  if (status.GetPayload(kIdentityUrl) || IsConnectionFailure(status)) return kExitNoConnection;
  return kExitRefused;
}

std::string DescribeError(const absl::Status& status) {
  std::string text = "bitsctl: " + Printable(std::string(status.message())) + "\n";
  if (status.GetPayload(kUsageUrl) || status.GetPayload(kIdentityUrl)) return text;
  text += "  reason: " + ReasonLine(status) + "\n";
  if (const std::string rule = ErrorOf(status).rule; !rule.empty()) {
    text += "  rule:   " + Printable(rule) + "\n";
  }
  if (IsConnectionFailure(status)) {
    text +=
        "  try:    does bitsd listen at --endpoint, does its certificate come from --ca, and does\n"
        "          yours come from a root it trusts? Its log names a refused certificate.\n";
  }
  return text;
}

}  // namespace bits::cli
