// whoami, identities, pki init and pki issue: what needs no service.

#include <charconv>
#include <nlohmann/json.hpp>

#include "client/base/private_file.h"
#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/output/units.h"
#include "client/cli/pki.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

struct CertificateFacts {
  std::string sid;
  std::string subject;
  std::chrono::system_clock::time_point end;
};

absl::StatusOr<CertificateFacts> FactsOf(const std::string& path) {
  const auto pem = ReadFile(path);
  if (!pem.ok()) return pem.status();
  const Identity identity{.certificate = *pem, .private_key = "", .roots = ""};
  const auto subject = identity.Subject();
  if (!subject.ok()) return subject.status();
  const auto end = identity.NotAfter();
  if (!end.ok()) return end.status();
  const auto sid = identity.Sid();
  if (!sid.ok()) return sid.status();
  return CertificateFacts{*sid, *subject, *end};
}

std::string Dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

absl::Status WhoAmI(Context& context, const Arguments&) {
  if (!context.settings.identity_status().ok()) return context.settings.identity_status();
  const std::string certificate = context.settings.Text("--cert");
  if (certificate.empty()) {
    return UsageError("give --cert, set BITSCTL_CERT, or name an identity with --as");
  }
  const auto facts = FactsOf(certificate);
  if (!facts.ok()) return IdentityError(facts.status());
  const auto now = std::chrono::system_clock::now();
  const bool expired = facts->end < now;
  const auto end = ToTimestamp(facts->end);
  const nlohmann::json json{{"sid", facts->sid},
                            {"subject", facts->subject},
                            {"valid_until", ExactTime(end)},
                            {"expired", expired}};
  context.ShowJson(
      Dump(json),
      RenderDetails({{"SID:", facts->sid},
                     {"subject:", facts->subject},
                     {"valid until:", HumanTime(end, now) + (expired ? " EXPIRED" : "")}},
                    context.style));
  return absl::OkStatus();
}

// What this run would connect with, and where each of it comes from.
nlohmann::json SettingsJson(const Settings& settings) {
  nlohmann::json json;
  for (const Parameter& parameter : GlobalParameters()) {
    const Setting& setting = settings.Of(parameter.name);
    if (setting.source.empty()) continue;
    json[std::string(parameter.name.substr(2))] = {{"value", setting.value},
                                                   {"source", setting.source}};
  }
  return json;
}

std::string SettingsText(const Settings& settings, const Style& style) {
  std::vector<Row> rows;
  for (const Parameter& parameter : GlobalParameters()) {
    const Setting& setting = settings.Of(parameter.name);
    if (setting.source.empty()) continue;
    rows.push_back({std::string(parameter.name), setting.value, setting.source});
  }
  return RenderTable({{.title = "SETTING"}, {.title = "VALUE", .cut_to = 20}, {.title = "FROM"}},
                     rows, style);
}

std::string SidOrProblem(const NamedIdentity& identity) {
  if (absl::Status key = CheckKeyFile(identity.at("--key")); !key.ok()) {
    return std::string(key.message());
  }
  const auto facts = FactsOf(identity.at("--cert"));
  return facts.ok() ? facts->sid : std::string(facts.status().message());
}

std::string EndpointOf(const NamedIdentity& identity) {
  const auto found = identity.find("--endpoint");
  return found == identity.end() ? "" : found->second;
}

nlohmann::json IdentitiesJson(const ConfigFile& config, const std::string& used) {
  nlohmann::json known = nlohmann::json::array();
  for (const auto& [name, identity] : config.identities) {
    known.push_back({{"name", name},
                     {"sid", SidOrProblem(identity)},
                     {"endpoint", EndpointOf(identity)},
                     {"default", name == config.default_identity},
                     {"used", name == used}});
  }
  return known;
}

std::string IdentitiesText(const nlohmann::json& identities, const Style& style) {
  std::vector<Row> rows;
  for (const nlohmann::json& identity : identities) {
    const std::string star = identity["used"] ? "* " : "  ";
    rows.push_back({star + identity["name"].get<std::string>(), identity["sid"].get<std::string>(),
                    identity["endpoint"].get<std::string>(), identity["default"] ? "default" : ""});
  }
  if (rows.empty()) return "";
  return RenderTable({{.title = "  NAME"},
                      {.title = "SID", .cut_to = 20},
                      {.title = "ENDPOINT", .cut_to = 12},
                      {.title = ""}},
                     rows, style) +
         "\n";
}

absl::Status Identities(Context& context, const Arguments&) {
  const Settings& settings = context.settings;
  const auto config = settings.Config();
  if (!config.ok() && !absl::IsNotFound(config.status())) return IdentityError(config.status());
  const nlohmann::json known =
      IdentitiesJson(config.ok() ? *config : ConfigFile(), settings.identity());
  const nlohmann::json json{{"config", settings.config_path()},
                            {"identities", known},
                            {"settings", SettingsJson(settings)}};
  const std::string path = settings.config_path() + (config.ok() ? "" : " (not there)");
  context.ShowJson(Dump(json), "configuration: " + path + "\n\n" +
                                   IdentitiesText(known, context.style) +
                                   SettingsText(settings, context.style));
  return settings.identity_status();
}

absl::Status Init(Context& context, const Arguments& arguments) {
  const std::string directory = arguments.Text("directory");
  absl::Status status = InitPki(directory);
  if (status.ok()) {
    context.ShowJson(Dump({{"directory", directory}}),
                     "made ca.crt, ca.key, server.crt and server.key in " + directory + "\n");
  }
  return status;
}

absl::Status Issue(Context& context, const Arguments& arguments) {
  const std::string directory = arguments.Text("directory");
  const std::string name = arguments.Text("name");
  const std::string sid = arguments.Text("--sid");
  const std::string days_text = arguments.Given("--days") ? arguments.Text("--days") : "365";
  const auto days = ParseNumber(days_text, "a number of days", kMaxClientDays);
  if (!days.ok()) return days.status();
  absl::Status status = IssueClient(directory, name, sid, static_cast<int>(*days));
  if (status.ok()) {
    context.ShowJson(
        Dump({{"directory", directory}, {"name", name}, {"sid", sid}}),
        "made " + name + ".crt and " + name + ".key in " + directory + " for " + sid + "\n");
  }
  return status;
}

constexpr Parameter kDirectory{.name = "directory",
                               .value = "FOLDER",
                               .help = "Made by pki init when it is missing",
                               .offer = Offer::kFolder,
                               .required = true};
constexpr Parameter kInit[] = {kDirectory};
constexpr Parameter kIssue[] = {
    kDirectory,
    {.name = "name", .value = "NAME", .help = "Makes NAME.crt and NAME.key", .required = true},
    {.name = "--sid", .value = "SID", .help = "Such as S-1-5-21-1-2-3-1002", .required = true},
    {.name = "--days",
     .value = "DAYS",
     .help = "1 to 3650, without it 365; never beyond the root's end"},
};

constexpr char kPkiDetails[] =
    "For development and tests. The keys are not encrypted (mode 0600); nothing is overwritten.";

constexpr Command kCommands[] = {
    {.name = "whoami",
     .summary = "Show the SID and the end of your certificate",
     .details = "Reads the certificate only; the service is not asked.",
     .example = "bitsctl whoami --cert alice.crt",
     .local = WhoAmI},
    {.name = "identities",
     .summary = "Show the identities of the configuration file and where each setting comes from",
     .details = "Secrets are never shown. The identity in use has a star.",
     .example = "bitsctl identities --as alice",
     .local = Identities},
    {.name = "pki init",
     .summary = "Make a root, and a server certificate for localhost",
     .details = kPkiDetails,
     .example = "bitsctl pki init ./pki",
     .parameters = kInit,
     .local = Init},
    {.name = "pki issue",
     .summary = "Make a client certificate that carries a SID",
     .details = kPkiDetails,
     .example = "bitsctl pki issue ./pki alice --sid S-1-5-21-1-2-3-1002 --days 30",
     .parameters = kIssue,
     .local = Issue},
};

}  // namespace

std::span<const Command> IdentityCommands() { return kCommands; }

}  // namespace bits::cli
