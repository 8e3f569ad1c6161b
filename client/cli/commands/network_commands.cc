// set-credentials, remove-credentials, set-client-certificate, remove-client-certificate,
// set-proxy, set-security-flags.

#include <string.h>

#include <filesystem>

#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/job_ref.h"
#include "client/cli/network_text.h"
#include "client/cli/output/text.h"
#include "client/cli/password.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

constexpr uint64_t kMaxFlags = 0xFFFFFFFF;
constexpr uint32_t kFalse = 1;
constexpr char kNullOfBitsadmin[] = "NULL";

// The pair of a command line.
struct Pair {
  v1::AuthTarget target;
  v1::AuthScheme scheme;
};

absl::StatusOr<Pair> PairOf(const Arguments& arguments) {
  const auto target = ParseTarget(arguments.Text("target"));
  if (!target.ok()) return target.status();
  const auto scheme = ParseScheme(arguments.Text("scheme"));
  if (!scheme.ok()) return scheme.status();
  return Pair{*target, *scheme};
}

// bitsadmin writes NULL NULL for whoever acts, and everything else on the command line.
absl::Status TakeFromBitsadmin(const Context& context, v1::SetCredentialsRequest& request) {
  const bool implicit =
      request.user_name() == kNullOfBitsadmin && *context.password == kNullOfBitsadmin;
  if (implicit) {
    request.clear_user_name();
  } else {
    request.set_password(*context.password);
    context.Warn(
        "everybody on this machine could read the password in the list of processes: "
        "bitsctl set-credentials asks for it, or reads it from --password-file");
  }
  return absl::OkStatus();
}

absl::Status TakeUser(const Context& context, const Arguments& arguments,
                      v1::SetCredentialsRequest& request) {
  request.set_user_name(arguments.Text("user"));
  if (context.password) return TakeFromBitsadmin(context, request);
  if (!arguments.Given("user")) {
    if (!arguments.Given("--password-file")) return absl::OkStatus();
    return UsageError("a password needs a user name; without both the credential is implicit");
  }
  auto password = ReadPassword(arguments.Text("--password-file"), context.in);
  if (!password.ok()) return password.status();
  request.set_password(*password);
  explicit_bzero(password->data(), password->size());
  return absl::OkStatus();
}

absl::Status SetCredentials(Context& context, const Client& client, const Arguments& arguments) {
  const auto pair = PairOf(arguments);
  if (!pair.ok()) return pair.status();
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  v1::SetCredentialsRequest request;
  request.set_job_id(*id);
  request.set_target(pair->target);
  request.set_scheme(pair->scheme);
  if (absl::Status s = TakeUser(context, arguments, request); !s.ok()) return s;
  const auto job = client.SetCredentials(request);
  explicit_bzero(request.mutable_password()->data(), request.password().size());
  if (!job.ok()) return job.status();
  std::string text = "job " + job->id() + " has these credentials:\n";
  for (const v1::JobCredential& credential : job->credentials()) {
    text += "  " + CredentialText(credential) + "\n";
  }
  context.Show(*job, text);
  return absl::OkStatus();
}

absl::Status RemoveCredentials(Context& context, const Client& client, const Arguments& arguments) {
  const auto pair = PairOf(arguments);
  if (!pair.ok()) return pair.status();
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  const auto answer = client.RemoveCredentials(*id, pair->target, pair->scheme);
  if (!answer.ok()) return answer.status();
  context.Show(*answer, answer->hresult() == kFalse ? "the job had no such credential\n"
                                                    : "removed the credential\n");
  return absl::OkStatus();
}

// The service wants absolute paths, people write others.
std::string Absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

absl::Status SetCertificate(Context& context, const Client& client, const Arguments& arguments) {
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  v1::SetClientCertificateRequest request;
  request.set_job_id(*id);
  request.set_certificate_path(Absolute(arguments.Text("certificate")));
  request.set_key_path(Absolute(arguments.Text("private-key")));
  const auto job = client.SetClientCertificate(request);
  if (!job.ok()) return job.status();
  context.Show(*job, "job " + job->id() + " shows the certificate in " +
                         Printable(job->client_certificate().certificate_path()) + "\n");
  return absl::OkStatus();
}

absl::Status RemoveCertificate(Context& context, const Client& client, const Arguments& arguments) {
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  const auto answer = client.RemoveClientCertificate(*id);
  if (!answer.ok()) return answer.status();
  context.Show(*answer, answer->hresult() == kFalse ? "the job had no client certificate\n"
                                                    : "removed the client certificate\n");
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> Update(const Client& client, const Arguments& arguments, const char* path,
                               v1::Job job) {
  const auto id = ResolveJob(client, arguments.Text("job"));
  if (!id.ok()) return id.status();
  job.set_id(*id);
  v1::UpdateJobRequest request;
  *request.mutable_job() = std::move(job);
  request.mutable_update_mask()->add_paths(path);
  return client.UpdateJob(request);
}

absl::Status SetProxy(Context& context, const Client& client, const Arguments& arguments) {
  const auto usage = ParseProxyUsage(arguments.Text("usage"));
  if (!usage.ok()) return usage.status();
  v1::Job changes;
  changes.mutable_proxy_settings()->set_usage(*usage);
  changes.mutable_proxy_settings()->set_list(arguments.Text("list"));
  changes.mutable_proxy_settings()->set_bypass(arguments.Text("bypass"));
  const auto job = Update(client, arguments, "proxy_settings", std::move(changes));
  if (!job.ok()) return job.status();
  context.Show(*job, "proxy of job " + job->id() + ": " +
                         Printable(ProxyText(job->proxy_settings())) + "\n");
  return absl::OkStatus();
}

absl::Status SetSecurityFlags(Context& context, const Client& client, const Arguments& arguments) {
  const auto flags = ParseNumber(arguments.Text("flags"), "security flags", kMaxFlags);
  if (!flags.ok()) return flags.status();
  v1::Job changes;
  changes.set_http_security_flags(static_cast<uint32_t>(*flags));
  const auto job = Update(client, arguments, "http_security_flags", std::move(changes));
  if (!job.ok()) return job.status();
  context.Show(*job, "security flags of job " + job->id() + ": " +
                         SecurityFlagNames(job->http_security_flags()) + "\n");
  return absl::OkStatus();
}

constexpr Parameter kTarget{.name = "target",
                            .value = "TARGET",
                            .help = "Who asks: the web server or the proxy",
                            .offer = Offer::kChoices,
                            .choices = kAuthTargets,
                            .required = true};
constexpr Parameter kScheme{.name = "scheme",
                            .value = "SCHEME",
                            .help = "How it asks",
                            .offer = Offer::kChoices,
                            .choices = kAuthSchemes,
                            .required = true};
constexpr Parameter kSetCredentials[] = {
    kJobParameter,
    kTarget,
    kScheme,
    {.name = "user",
     .value = "USER",
     .help = "Whose password; DOMAIN\\user with NTLM. Without it: whoever acts for the job"},
    {.name = "--password-file",
     .value = "FILE",
     .help = "The password is the first line of this file (yours, mode 0600), or - for standard "
             "input; without it you are asked",
     .offer = Offer::kFile}};
constexpr Parameter kRemoveCredentials[] = {kJobParameter, kTarget, kScheme};
constexpr Parameter kSetCertificate[] = {
    kJobParameter,
    {.name = "certificate",
     .value = "CERTIFICATE",
     .help = "PEM file with the certificate; on the machine of bitsd",
     .offer = Offer::kFile,
     .required = true},
    {.name = "private-key",
     .value = "KEY",
     .help = "PEM file with its private key; without it, it is in the same file",
     .offer = Offer::kFile}};
constexpr Parameter kOnlyJob[] = {kJobParameter};
constexpr Parameter kSetProxy[] = {
    kJobParameter,
    {.name = "usage",
     .value = "USAGE",
     .help = "The service's proxy, none, or those of LIST",
     .offer = Offer::kChoices,
     .choices = kProxyUsages,
     .required = true},
    {.name = "list",
     .value = "LIST",
     .help = "With OVERRIDE: proxies as HOST:PORT, separated by blanks or semicolons"},
    {.name = "bypass",
     .value = "BYPASS",
     .help = "With OVERRIDE: hosts to reach without a proxy, such as \"*.example;<local>\""}};
constexpr Parameter kSetSecurityFlags[] = {kJobParameter,
                                           {.name = "flags",
                                            .value = "FLAGS",
                                            .help = "A number, such as 0x201; 0 is the default",
                                            .required = true}};

constexpr char kUpdate[] = "BackgroundCopyJob.UpdateJob";

constexpr Command kCommands[] = {
    {.name = "set-credentials",
     .summary = "Say what a job answers a server or proxy that asks who it is",
     .details = "Without USER, and with NTLM or NEGOTIATE, it is whoever acts for the job on the\n"
                "network: the helper while the NETWORK flag is set, else its owner; bitsd sends\n"
                "that only to hosts it is configured to trust. For the job's owner alone.",
     .example = "bitsctl set-credentials nightly SERVER NEGOTIATE\n"
                "bitsctl set-credentials nightly PROXY BASIC mirror --password-file secret.txt",
     .parameters = kSetCredentials,
     .methods = "BackgroundCopyJob.SetCredentials",
     .remote = SetCredentials},
    {.name = "remove-credentials",
     .summary = "Take a credential away from a job",
     .details = "For the job's owner alone.",
     .example = "bitsctl remove-credentials nightly SERVER NEGOTIATE",
     .parameters = kRemoveCredentials,
     .methods = "BackgroundCopyJob.RemoveCredentials",
     .remote = RemoveCredentials},
    {.name = "set-client-certificate",
     .summary = "Set the certificate that a job shows to web servers",
     .details = "bitsd opens the files as the job's owner, when the job connects. For the owner\n"
                "alone, and not together with the NETWORK flag.",
     .example = "bitsctl set-client-certificate nightly /home/fetcher/mirror.crt "
                "/home/fetcher/mirror.key",
     .parameters = kSetCertificate,
     .methods = "BackgroundCopyJob.SetClientCertificate",
     .remote = SetCertificate},
    {.name = "remove-client-certificate",
     .summary = "Take the client certificate away from a job",
     .details = "For the job's owner alone.",
     .example = "bitsctl remove-client-certificate nightly",
     .parameters = kOnlyJob,
     .methods = "BackgroundCopyJob.RemoveClientCertificate",
     .remote = RemoveCertificate},
    {.name = "set-proxy",
     .summary = "Set through which proxy a job goes",
     .details = "",
     .example = "bitsctl set-proxy nightly OVERRIDE proxy.example:3128 \"*.example\"\n"
                "bitsctl set-proxy nightly NO_PROXY",
     .parameters = kSetProxy,
     .methods = kUpdate,
     .remote = SetProxy},
    {.name = "set-security-flags",
     .summary = "Set how strictly a job takes certificates and redirects",
     .details = "0x1 checks revocation; 0x2, 0x4, 0x8 and 0x10 ignore a wrong name, the dates, an\n"
                "unknown root and the usage of a server's certificate; 0x200 refuses redirects;\n"
                "0x800 lets them lead from https to http.",
     .example = "bitsctl set-security-flags nightly 0x200",
     .parameters = kSetSecurityFlags,
     .methods = kUpdate,
     .remote = SetSecurityFlags},
};

}  // namespace

std::span<const Command> NetworkCommands() { return kCommands; }

}  // namespace bits::cli
