// get-handle, release, and the five calls of the helper token.

#include <string.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "bits/v1/token_options.pb.h"
#include "client/base/private_file.h"
#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/format.h"
#include "client/cli/handle_file.h"
#include "client/cli/job_handle.h"
#include "client/cli/job_ref.h"
#include "client/cli/output/text.h"
#include "client/cli/output/units.h"
#include "client/cli/token_flags.h"
#include "client/cli/token_scope.h"
#include "client/identity/sid_text.h"

namespace bits::cli {
namespace {

constexpr char kStandardOutput[] = "-";

constexpr Parameter kHandleFile{.name = "--handle-file",
                                .value = "FILE",
                                .help =
                                    "Use the handle in this file (yours, mode 0600), or - for "
                                    "standard input",
                                .offer = Offer::kFile};
constexpr Parameter kJobOption{.name = "--job",
                               .value = "JOB",
                               .help = "Or get a handle on this job, for this one call",
                               .offer = Offer::kJob};

absl::StatusOr<std::optional<std::string>> Binding(const Arguments& arguments) {
  if (arguments.Flag("--unbound") && arguments.Given("--helper")) {
    return UsageError("--helper and --unbound exclude each other");
  }
  if (arguments.Flag("--unbound")) return std::optional<std::string>();
  if (!arguments.Given("--helper")) {
    return UsageError(
        "bind the handle to the identity that will lend its token (--helper SID), or say "
        "--unbound: then anybody who gets hold of it may use it");
  }
  const std::string sid = arguments.Text("--helper");
  if (!IsCanonicalSid(sid)) return UsageError("--helper takes a SID such as S-1-5-21-1-2-3-1001");
  return std::optional<std::string>(sid);
}

absl::Status GiveHandle(Context& context, const std::string& file, const Handle& handle) {
  if (!context.json()) return WriteHandle(file, handle, context.out);
  if (file == kStandardOutput) {
    context.ShowJson(nlohmann::json{{"handle", handle.ToHex()}}.dump(), "");
    return absl::OkStatus();
  }
  absl::Status status = WriteHandle(file, handle, context.out);
  const nlohmann::json json{{"handle_file", file}};
  if (status.ok()) {
    context.ShowJson(
        json.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace), "");
  }
  return status;
}

absl::Status GetHandle(Context& context, const Client& client, const Arguments& arguments) {
  const auto helper = Binding(arguments);
  if (!helper.ok()) return helper.status();
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  const auto handle = client.QueryInterface(*id, *helper);
  if (!handle.ok()) return handle.status();
  absl::Status written = GiveHandle(context, arguments.Text("--handle-file"), *handle);
  // A handle that nobody holds would count against the limit for an hour.
  if (!written.ok()) client.Release(*handle).IgnoreError();
  return written;
}

constexpr Parameter kGetHandle[] = {
    kJobParameter,
    {.name = "--helper",
     .value = "SID",
     .help = "Identity that will lend its token: nobody else but you can use the handle"},
    {.name = "--unbound", .value = "", .help = "Let any identity that has the handle use it"},
    {.name = "--handle-file",
     .value = "FILE",
     .help = "New file for the handle (made with mode 0600), or - for standard output",
     .offer = Offer::kFile,
     .required = true},
};

using HandleCall = std::function<absl::Status(const Handle&)>;

// With the handle of --handle-file, or one for --job that is bound to `sid`.
absl::Status WithHandle(Context& context, const Client& client, const Arguments& arguments,
                        const std::string& sid, const HandleCall& call) {
  if (arguments.Given("--handle-file") == arguments.Given("--job")) {
    return UsageError("give one of --handle-file and --job");
  }
  if (arguments.Given("--handle-file")) {
    const auto handle = ReadHandle(arguments.Text("--handle-file"), context.in);
    return handle.ok() ? call(*handle) : handle.status();
  }
  const auto id = ResolveJob(client, arguments.Text("--job"));
  return id.ok() ? WithJobHandle(client, *id, sid, call) : id.status();
}

absl::Status Release(Context& context, const Client& client, const Arguments& arguments) {
  const auto handle = ReadHandle(arguments.Text("--handle-file"), context.in);
  if (!handle.ok()) return handle.status();
  absl::Status status = client.Release(*handle);
  if (status.ok()) context.Show(v1::ReleaseResponse(), "released the handle\n");
  return status;
}

// Who lends: the identity that calls, or that of --as-helper.
absl::StatusOr<Client> Lender(Context& context, const Client& client, const Arguments& arguments) {
  if (!arguments.Given("--as-helper")) return client;
  return context.ConnectAs(arguments.Text("--as-helper"));
}

// Lends, with the tickets of --delegate-cache if that was given.
absl::StatusOr<std::chrono::system_clock::time_point> Lend(
    const Client& lender, const Handle& handle, const Arguments& arguments,
    const std::optional<v1::TokenScope>& scope) {
  if (!arguments.Given("--delegate-cache")) {
    return lender.SetHelperToken(handle, lender.sid(), scope);
  }
  auto cache = ReadSecretFile(arguments.Text("--delegate-cache"));
  if (!cache.ok()) return cache.status();
  auto end = lender.DelegateHelperToken(handle, lender.sid(), *cache, scope);
  explicit_bzero(cache->data(), cache->size());
  return end;
}

absl::Status SetToken(Context& context, const Client& client, const Arguments& arguments) {
  const auto scope = ScopeOf(arguments, std::chrono::system_clock::now());
  if (!scope.ok()) return scope.status();
  const auto lender = Lender(context, client, arguments);
  if (!lender.ok()) return lender.status();
  return WithHandle(
      context, client, arguments, lender->sid(), [&](const Handle& handle) -> absl::Status {
        const auto end = Lend(*lender, handle, arguments, *scope);
        if (!end.ok()) return end.status();
        v1::SetHelperTokenResponse message;
        *message.mutable_expire_time() = ToTimestamp(*end);
        context.Show(message,
                     "lent the token of " + lender->sid() + " until " +
                         HumanTime(message.expire_time(), std::chrono::system_clock::now()) +
                         ", or the end of the logon session\n" + ScopeText(*scope));
        return absl::OkStatus();
      });
}

absl::Status ClearToken(Context& context, const Client& client, const Arguments& arguments) {
  return WithHandle(context, client, arguments, client.sid(), [&](const Handle& handle) {
    absl::Status status = client.ClearHelperToken(handle);
    if (status.ok()) context.Show(v1::ClearHelperTokenResponse(), "cleared the helper token\n");
    return status;
  });
}

absl::Status SetFlags(Context& context, const Client& client, const Arguments& arguments) {
  const auto flags = ParseTokenFlags(arguments.Text("flags"));
  if (!flags.ok()) return flags.status();
  return WithHandle(context, client, arguments, client.sid(), [&](const Handle& handle) {
    absl::Status status = client.SetHelperTokenFlags(handle, *flags);
    if (status.ok()) {
      context.Show(v1::SetHelperTokenFlagsResponse(),
                   "helper token flags are " + FlagNames(*flags) + "\n");
    }
    return status;
  });
}

absl::Status GetFlags(Context& context, const Client& client, const Arguments& arguments) {
  return WithHandle(context, client, arguments, client.sid(),
                    [&](const Handle& handle) -> absl::Status {
                      const auto flags = client.GetHelperTokenFlags(handle);
                      if (!flags.ok()) return flags.status();
                      v1::GetHelperTokenFlagsResponse message;
                      message.set_usage_flags(*flags);
                      context.Show(message, FlagNames(*flags) + (context.raw ? "" : "\n"));
                      return absl::OkStatus();
                    });
}

absl::Status GetTokenSid(Context& context, const Client& client, const Arguments& arguments) {
  return WithHandle(
      context, client, arguments, client.sid(), [&](const Handle& handle) -> absl::Status {
        const auto sid = client.GetHelperTokenSid(handle);
        if (!sid.ok()) return sid.status();
        v1::GetHelperTokenSidResponse message;
        if (*sid) message.set_sid(**sid);
        context.Show(message, (*sid ? Printable(**sid) : "none") + (context.raw ? "" : "\n"));
        return absl::OkStatus();
      });
}

constexpr Parameter kRelease[] = {{.name = "--handle-file",
                                   .value = "FILE",
                                   .help = "File with the handle (yours, mode 0600), or - for "
                                           "standard input",
                                   .offer = Offer::kFile,
                                   .required = true}};
constexpr Parameter kHandleOrJob[] = {kHandleFile, kJobOption};
constexpr Parameter kSetToken[] = {
    kHandleFile,
    kJobOption,
    {.name = "--as-helper",
     .value = "NAME",
     .help = "Lend this identity of the configuration file instead of your own",
     .offer = Offer::kIdentity},
    kLocalRootOption,
    kHostOption,
    kUsageOption,
    kMaxExpireOption,
    kUnrestrictedOption,
    {.name = "--delegate-cache",
     .value = "FILE",
     .help = "Lend the Kerberos tickets in this credential cache, too (yours, mode 0600); with "
             "--impersonation-level delegate",
     .offer = Offer::kFile},
};
constexpr Parameter kSetFlags[] = {
    kHandleFile,
    kJobOption,
    {.name = "flags",
     .value = "FLAGS",
     .help = "1 or LOCAL_FILE, 2 or NETWORK, 3 for both, 0 or NONE",
     .offer = Offer::kSuggestions,
     .choices = kTokenFlags,
     .required = true},
};

constexpr Command kCommands[] = {
    {.name = "get-handle",
     .summary = "Get a handle to a job's helper token, and bind it",
     .details =
         "A handle is a secret: whoever may present it acts with your rights to the job's helper\n"
         "token. Hand it over in a file or a pipe, never in an argument.",
     .example =
         "bitsctl get-handle nightly --helper S-1-5-21-1-2-3-1002 --handle-file nightly.handle",
     .parameters = kGetHandle,
     .methods = "BackgroundCopyJob.QueryInterface BackgroundCopyJob.Release",
     .remote = GetHandle},
    {.name = "release",
     .summary = "End a handle of yours",
     .details = "",
     .example = "bitsctl release --handle-file nightly.handle",
     .parameters = kRelease,
     .methods = "BackgroundCopyJob.Release",
     .remote = Release},
    {.name = "set-helper-token",
     .summary = "Lend your identity to a job",
     .details =
         "Lends the identity that calls, for what the job's flags say, within limits: outside "
         "them\n"
         "the job stops. A limit counts every host of the transfer, redirects included. Say what\n"
         "you lend for, or --unrestricted. The token is kept in the service's memory only, and\n"
         "ends with your logon session. With --as SID nothing is sent unless the certificate has\n"
         "that SID. With --as-helper and --job both sides are done at once: you get the handle,\n"
         "the helper lends.",
     .example =
         "bitsctl set-helper-token --handle-file nightly.handle --as S-1-5-21-1-2-3-1002 "
         "--local-root /srv/alice --host mirror.example --max-expire 8h\n"
         "bitsctl --as fetcher set-helper-token --job nightly --as-helper alice "
         "--local-root /srv/alice\n"
         "bitsctl --impersonation-level delegate set-helper-token --handle-file nightly.handle "
         "--unrestricted --delegate-cache /tmp/krb5cc_1000",
     .parameters = kSetToken,
     .methods = "BitsTokenOptions.SetHelperToken BackgroundCopyJob.QueryInterface",
     .remote = SetToken},
    {.name = "clear-helper-token",
     .summary = "Take the helper token away from a job",
     .details = "A job with flags stops in ERROR until a token is set or the flags are cleared.",
     .example = "bitsctl clear-helper-token --job nightly",
     .parameters = kHandleOrJob,
     .methods = "BitsTokenOptions.ClearHelperToken",
     .remote = ClearToken},
    {.name = "set-helper-token-flags",
     .summary = "Set what the helper token is used for",
     .details = "LOCAL_FILE: the job's local files. NETWORK: its connections.",
     .example = "bitsctl set-helper-token-flags --job nightly LOCAL_FILE",
     .parameters = kSetFlags,
     .methods = "BitsTokenOptions.SetHelperTokenFlags",
     .remote = SetFlags},
    {.name = "get-helper-token-flags",
     .summary = "Show what the helper token is used for",
     .details = "",
     .example = "bitsctl get-helper-token-flags --job nightly",
     .parameters = kHandleOrJob,
     .methods = "BitsTokenOptions.GetHelperTokenFlags",
     .remote = GetFlags},
    {.name = "get-helper-token-sid",
     .summary = "Show whose helper token is set",
     .details = "",
     .example = "bitsctl get-helper-token-sid --job nightly",
     .parameters = kHandleOrJob,
     .methods = "BitsTokenOptions.GetHelperTokenSid",
     .remote = GetTokenSid},
};

}  // namespace

std::span<const Command> TokenCommands() { return kCommands; }

}  // namespace bits::cli
