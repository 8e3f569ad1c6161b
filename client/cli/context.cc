#include "client/cli/context.h"

#include <cstdlib>
#include <ostream>
#include <utility>

#include "client/cli/live/terminal.h"
#include "client/cli/output/json.h"

namespace bits::cli {
namespace {

ImpersonationLevel LevelOf(const std::string& name) {
  if (name == "anonymous") return ImpersonationLevel::kAnonymous;
  if (name == "identify") return ImpersonationLevel::kIdentify;
  if (name == "delegate") return ImpersonationLevel::kDelegate;
  return ImpersonationLevel::kImpersonate;
}

bool WantsColor(const std::string& when, bool terminal) {
  if (when != "auto") return when == "always";
  const char* no_color = std::getenv("NO_COLOR");
  return terminal && (no_color == nullptr || *no_color == '\0');
}

absl::StatusOr<Identity> IdentityOf(const Settings& settings) {
  if (!settings.identity_status().ok()) return settings.identity_status();
  const std::string certificate = settings.Text("--cert");
  const std::string key = settings.Text("--key");
  const std::string roots = settings.Text("--ca");
  if (certificate.empty() || key.empty() || roots.empty()) {
    return UsageError(
        "who are you? Give --cert, --key and --ca, or set BITSCTL_CERT, BITSCTL_KEY and "
        "BITSCTL_CA, or name an identity of " +
        settings.config_path() + " with --as");
  }
  auto identity = LoadIdentity(certificate, key, roots);
  if (!identity.ok()) return IdentityError(identity.status());
  return identity;
}

}  // namespace

Context::Context(const Streams& streams, Settings given)
    : in(streams.in),
      out(streams.out),
      err(streams.err),
      terminal(streams.out_is_terminal),
      settings(std::move(given)) {
  style.width = TerminalSize(terminal).columns;
  style.color = WantsColor(settings.Text("--color"), terminal);
}

SessionFile Context::SessionFileOf(const std::string& sid) const {
  return {settings.Text("--endpoint"), sid};
}

absl::StatusOr<Client> Context::ConnectWith(const Settings& who) const {
  auto identity = IdentityOf(who);
  if (!identity.ok()) return identity.status();
  const auto sid = identity->Sid();
  if (!sid.ok()) return IdentityError(sid.status());
  const SessionFile file(who.Text("--endpoint"), *sid);
  const auto session = file.Read();
  if (!session.ok()) return session.status();
  ClientOptions options;
  options.endpoint = who.Text("--endpoint");
  options.identity = *std::move(identity);
  options.deadline = who.timeout();
  options.impersonation_level = LevelOf(who.Text("--impersonation-level"));
  options.filter_admin = who.filter_admin();
  options.session_id = *session;
  auto client = Client::Connect(std::move(options));
  if (!client.ok()) return IdentityError(client.status());
  if (!session->empty()) sessions_in_use_.push_back({*client, file, *session});
  return client;
}

absl::StatusOr<Client> Context::Connect() const {
  auto client = ConnectWith(settings);
  const std::string& expected = settings.expected_sid();
  if (!client.ok() || expected.empty() || client->sid() == expected) return client;
  return absl::PermissionDeniedError("nothing was sent: you meant to be " + expected +
                                     ", but this certificate is that of " + client->sid());
}

absl::StatusOr<Client> Context::ConnectAs(const std::string& name) const {
  const auto other = settings.As(name);
  return other.ok() ? ConnectWith(*other) : other.status();
}

void Context::Show(const google::protobuf::Message& message, const std::string& text) const {
  out << (json() ? PrettyJson(message) : text) << std::flush;
}

void Context::ShowJson(const std::string& json_text, const std::string& text) const {
  out << (json() ? json_text + "\n" : text) << std::flush;
}

void Context::Warn(const std::string& text) const {
  err << "bitsctl: warning: " << text << std::endl;
}

void Context::Say(const std::string& text) const {
  if (!json()) out << text << std::flush;
}

}  // namespace bits::cli
