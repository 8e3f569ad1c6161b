// get-handle, release, and the five calls of the helper token.

#include <google/protobuf/util/time_util.h>

#include <chrono>
#include <ostream>
#include <utility>

#include "bits/v1/token_options.pb.h"
#include "client/cli/command.h"
#include "client/cli/format.h"
#include "client/cli/handle_file.h"
#include "client/cli/job_ref.h"
#include "client/cli/token_flags.h"
#include "client/sid_text.h"

namespace bits::cli {
namespace {

constexpr char kHandleFileHelp[] =
    "File with the handle (yours, mode 0600), or - for standard input";

struct GetHandleOptions {
  std::string job;
  std::string helper_sid;
  bool unbound = false;
  std::string file;
};

struct HandleOptions {
  std::string file;
  std::string as_sid;  // set-helper-token only.
  std::string flags;   // set-helper-token-flags only.
};

absl::StatusOr<std::optional<std::string>> Binding(const GetHandleOptions& options) {
  if (options.unbound) return std::optional<std::string>();
  if (options.helper_sid.empty()) {
    return UsageError(
        "bind the handle to the identity that will lend its token (--helper SID), or say "
        "--unbound: then anybody who gets hold of it may use it");
  }
  if (!IsCanonicalSid(options.helper_sid)) {
    return UsageError("--helper takes a SID such as S-1-5-21-1-2-3-1001");
  }
  return std::optional<std::string>(options.helper_sid);
}

absl::Status GetHandle(Context& context, const Client& client, const GetHandleOptions& options) {
  const auto helper = Binding(options);
  if (!helper.ok()) return helper.status();
  const auto id = ResolveJob(client, options.job);
  if (!id.ok()) return id.status();
  const auto handle = client.QueryInterface(*id, *helper);
  if (!handle.ok()) return handle.status();
  absl::Status written = WriteHandle(options.file, *handle, context.out);
  // A handle that nobody holds would count against the limit for an hour.
  if (!written.ok()) client.Release(*handle).IgnoreError();
  return written;
}

void BuildGetHandle(CLI::App& verb, Context& context) {
  auto options = std::make_shared<GetHandleOptions>();
  verb.add_option("job", options->job, kJobHelp)->required();
  auto* helper = verb.add_option("--helper", options->helper_sid,
                                 "SID of the identity that will lend its token: nobody else but "
                                 "you can use the handle");
  verb.add_flag("--unbound", options->unbound, "Let any identity that has the handle use it")
      ->excludes(helper);
  verb.add_option("--handle-file", options->file,
                  "New file for the handle (made with mode 0600), or - for standard output")
      ->required();
  verb.footer(
      "A handle is a secret: whoever may present it acts with your rights to the job's helper\n"
      "token. Hand it over in a file or a pipe, never in an argument.\n\n"
      "  bitsctl get-handle nightly --helper S-1-5-21-1-2-3-1002 --handle-file nightly.handle");
  OnRunConnected(verb, context, options, GetHandle);
}

absl::Status Release(Context& context, const Client& client, const HandleOptions& options) {
  const auto handle = ReadHandle(options.file, context.in);
  if (!handle.ok()) return handle.status();
  absl::Status status = client.Release(*handle);
  if (status.ok()) context.out << "released the handle\n";
  return status;
}

absl::Status SetToken(Context& context, const Client& client, const HandleOptions& options) {
  const auto handle = ReadHandle(options.file, context.in);
  if (!handle.ok()) return handle.status();
  const std::string& sid = options.as_sid.empty() ? client.sid() : options.as_sid;
  const auto end = client.SetHelperToken(*handle, sid);
  if (!end.ok()) return end.status();
  v1::SetHelperTokenResponse message;
  *message.mutable_expire_time() = google::protobuf::util::TimeUtil::TimeTToTimestamp(
      std::chrono::system_clock::to_time_t(*end));
  context.Show(message, "lent the token of " + sid + " until " +
                            google::protobuf::util::TimeUtil::ToString(message.expire_time()) +
                            "\n");
  return absl::OkStatus();
}

absl::Status ClearToken(Context& context, const Client& client, const HandleOptions& options) {
  const auto handle = ReadHandle(options.file, context.in);
  if (!handle.ok()) return handle.status();
  absl::Status status = client.ClearHelperToken(*handle);
  if (status.ok()) context.out << "cleared the helper token\n";
  return status;
}

absl::Status SetFlags(Context& context, const Client& client, const HandleOptions& options) {
  const auto flags = ParseTokenFlags(options.flags);
  if (!flags.ok()) return flags.status();
  const auto handle = ReadHandle(options.file, context.in);
  if (!handle.ok()) return handle.status();
  absl::Status status = client.SetHelperTokenFlags(*handle, *flags);
  if (status.ok()) context.out << "helper token flags are " << FlagNames(*flags) << "\n";
  return status;
}

absl::Status GetFlags(Context& context, const Client& client, const HandleOptions& options) {
  const auto handle = ReadHandle(options.file, context.in);
  if (!handle.ok()) return handle.status();
  const auto flags = client.GetHelperTokenFlags(*handle);
  if (!flags.ok()) return flags.status();
  v1::GetHelperTokenFlagsResponse message;
  message.set_usage_flags(*flags);
  context.Show(message, FlagNames(*flags) + "\n");
  return absl::OkStatus();
}

absl::Status GetTokenSid(Context& context, const Client& client, const HandleOptions& options) {
  const auto handle = ReadHandle(options.file, context.in);
  if (!handle.ok()) return handle.status();
  const auto sid = client.GetHelperTokenSid(*handle);
  if (!sid.ok()) return sid.status();
  v1::GetHelperTokenSidResponse message;
  if (*sid) message.set_sid(**sid);
  context.Show(message, (*sid ? Printable(**sid) : "none") + "\n");
  return absl::OkStatus();
}

using HandleRun = absl::Status (*)(Context&, const Client&, const HandleOptions&);

std::shared_ptr<HandleOptions> AddHandleVerb(CLI::App& verb, Context& context, HandleRun run) {
  auto options = std::make_shared<HandleOptions>();
  verb.add_option("--handle-file", options->file, kHandleFileHelp)->required();
  OnRunConnected(verb, context, options, run);
  return options;
}

template <HandleRun run>
void BuildHandleVerb(CLI::App& verb, Context& context) {
  AddHandleVerb(verb, context, run);
}

void BuildSetToken(CLI::App& verb, Context& context) {
  const auto options = AddHandleVerb(verb, context, SetToken);
  verb.add_option("--as", options->as_sid,
                  "SID you mean to lend; refused before anything is sent when --cert has another");
  verb.footer(
      "Lends the identity of --cert to the job, for what the job's flags say. The token is kept "
      "in\n"
      "the service's memory only.\n\n"
      "  bitsctl set-helper-token --handle-file nightly.handle --as S-1-5-21-1-2-3-1002");
}

void BuildSetFlags(CLI::App& verb, Context& context) {
  const auto options = AddHandleVerb(verb, context, SetFlags);
  verb.add_option("flags", options->flags, "1 or LOCAL_FILE, 2 or NETWORK, 3 for both, 0 for none")
      ->required();
}

constexpr Command kCommands[] = {
    {"get-handle", "Get a handle to a job's helper token, and bind it", BuildGetHandle},
    {"release", "End a handle of yours", BuildHandleVerb<Release>},
    {"set-helper-token", "Lend your identity to the job of a handle", BuildSetToken},
    {"clear-helper-token", "Take the helper token away from the job", BuildHandleVerb<ClearToken>},
    {"set-helper-token-flags", "Set what the helper token is used for", BuildSetFlags},
    {"get-helper-token-flags", "Show what the helper token is used for", BuildHandleVerb<GetFlags>},
    {"get-helper-token-sid", "Show whose helper token is set", BuildHandleVerb<GetTokenSid>},
};

}  // namespace

std::span<const Command> TokenCommands() { return kCommands; }

}  // namespace bits::cli
