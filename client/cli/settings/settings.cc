#include "client/cli/settings/settings.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "client/cli/command.h"
#include "client/cli/exit_code.h"
#include "client/identity/sid_text.h"

namespace bits::cli {
namespace {

constexpr double kMaxTimeoutSeconds = 86400;
constexpr double kMinTimeoutSeconds = 0.001;

struct BuiltIn {
  const char* option;
  const char* value;
};

constexpr BuiltIn kBuiltIn[] = {
    {"--endpoint", "127.0.0.1:7443"},         {"--timeout", "30"}, {"--filter-admin", "false"},
    {"--impersonation-level", "impersonate"}, {"--json", "false"}, {"--color", "auto"},
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "1", "yes" and "TRUE" are what people write into an environment.
std::string CanonicalFlag(const std::string& value) {
  const std::string lower = Lower(value);
  if (lower == "1" || lower == "yes" || lower == "on" || lower == "true") return "true";
  if (lower == "0" || lower == "no" || lower == "off" || lower == "false" || lower.empty()) {
    return "false";
  }
  return value;
}

std::string Canonical(const Parameter& parameter, const std::string& value) {
  if (parameter.IsFlag()) return CanonicalFlag(value);
  return parameter.offer == Offer::kChoices ? Lower(value) : value;
}

bool IsAllowed(const Parameter& parameter, const std::string& value) {
  if (parameter.IsFlag()) return value == "true" || value == "false";
  if (parameter.offer != Offer::kChoices) return true;
  return std::find(parameter.choices.begin(), parameter.choices.end(), value) !=
         parameter.choices.end();
}

std::string DefaultConfigPath(const Environment& environment) {
  const auto folder = environment("XDG_CONFIG_HOME");
  if (folder && folder->starts_with('/')) return *folder + "/bitsctl/config.yaml";
  const auto home = environment("HOME");
  return home && !home->empty() ? *home + "/.config/bitsctl/config.yaml" : "";
}

absl::Status NoSuchIdentity(const ConfigFile& config, const std::string& name) {
  std::string message = config.path + ": there is no identity " + name;
  if (config.identities.empty()) return absl::NotFoundError(message + ", nor any other");
  message += "; there are:";
  for (const auto& [known, values] : config.identities) message += " " + known;
  return absl::NotFoundError(message);
}

}  // namespace

absl::StatusOr<Settings> Settings::Resolve(const Arguments& flags, const Environment& environment) {
  Settings settings;
  for (const Parameter& parameter : GlobalParameters()) {
    const std::string name(parameter.name);
    const std::string variable = EnvironmentName(parameter.name);
    if (flags.Given(name)) {
      settings.values_[name] = {Canonical(parameter, flags.Text(name)), name};
    } else if (const auto value = environment(variable); value && !value->empty()) {
      settings.values_[name] = {Canonical(parameter, *value), variable};
    }
  }
  settings.config_path_ = settings.Text("--config");
  if (settings.config_path_.empty()) settings.config_path_ = DefaultConfigPath(environment);
  settings.identity_status_ = settings.ChooseIdentity(flags);
  for (const auto& [option, value] : kBuiltIn) {
    settings.values_.try_emplace(option, Setting{value, "built in"});
  }
  absl::Status status = settings.Check();
  if (!status.ok() && settings.identity_.empty()) return status;
  if (settings.identity_status_.ok()) settings.identity_status_ = status;
  return settings;
}

absl::Status Settings::ChooseIdentity(const Arguments& flags) {
  const std::string as = Text("--as");
  const bool named = !as.empty() && !IsCanonicalSid(as);
  if (!as.empty() && !named) expected_sid_ = as;
  if (named && flags.Given("--as")) {
    if (flags.Given("--cert") || flags.Given("--key")) {
      return UsageError("--as " + as + " brings its own certificate: leave out --cert and --key");
    }
    return UseIdentity(as, /*by_flag=*/true);
  }
  const bool has_certificate = values_.contains("--cert");
  if (named && has_certificate && !flags.Given("--cert")) {
    return UsageError("BITSCTL_AS and BITSCTL_CERT both say who you are: unset one of them");
  }
  if (has_certificate) return absl::OkStatus();
  if (named) return UseIdentity(as, /*by_flag=*/false);
  const auto config = Config();
  // Without a file there is no default; a file that was asked for must be there.
  if (absl::IsNotFound(config.status()) && Text("--config").empty()) return absl::OkStatus();
  if (!config.ok()) return IdentityError(config.status());
  if (config->default_identity.empty()) return absl::OkStatus();
  return UseIdentity(config->default_identity, /*by_flag=*/false);
}

absl::Status Settings::UseIdentity(const std::string& name, bool by_flag) {
  const auto config = Config();
  if (!config.ok()) return IdentityError(config.status());
  const auto found = config->identities.find(name);
  if (found == config->identities.end()) return NoSuchIdentity(*config, name);
  identity_ = name;
  for (const Parameter& parameter : GlobalParameters()) {
    const auto value = found->second.find(parameter.name);
    if (value == found->second.end()) continue;
    Setting& setting = values_[value->first];
    const bool from_flag = setting.source.starts_with('-');
    if (from_flag || (!by_flag && !setting.source.empty())) continue;
    setting = {Canonical(parameter, value->second), "identity " + name};
  }
  const auto key = found->second.find("--key");
  absl::Status checked = CheckKeyFile(key->second);
  return checked.ok() ? checked : IdentityError(checked);
}

absl::StatusOr<Settings> Settings::As(const std::string& name) const {
  Settings other;
  other.config_path_ = config_path_;
  for (const auto& [option, setting] : values_) {
    // Where to connect is the same for both; who connects, and how, is the other's own.
    const bool personal = option == "--cert" || option == "--key" || option == "--as" ||
                          option == "--filter-admin" || option == "--impersonation-level";
    if (!personal) other.values_[option] = setting;
  }
  absl::Status status = other.UseIdentity(name, /*by_flag=*/false);
  if (!status.ok()) return status;
  for (const auto& [option, value] : kBuiltIn) {
    other.values_.try_emplace(option, Setting{value, "built in"});
  }
  status = other.Check();
  if (!status.ok()) return status;
  return other;
}

absl::Status Settings::Check() const {
  for (const Parameter& parameter : GlobalParameters()) {
    const Setting& setting = Of(parameter.name);
    if (setting.source.empty() || IsAllowed(parameter, setting.value)) continue;
    return UsageError(setting.source + ": " + std::string(parameter.name) + " cannot be '" +
                      setting.value + "'");
  }
  const double seconds = std::strtod(Text("--timeout").c_str(), nullptr);
  if (seconds >= kMinTimeoutSeconds && seconds <= kMaxTimeoutSeconds) return absl::OkStatus();
  return UsageError(Of("--timeout").source + ": a timeout has 0.001 to 86400 seconds");
}

const Setting& Settings::Of(std::string_view option) const {
  static const Setting unset;
  const auto found = values_.find(option);
  return found == values_.end() ? unset : found->second;
}

std::chrono::milliseconds Settings::timeout() const {
  const double seconds = std::strtod(Text("--timeout").c_str(), nullptr);
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

}  // namespace bits::cli
