#include "client/cli/network_text.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "client/cli/exit_code.h"

namespace bits::cli {
namespace {

struct Flag {
  uint32_t bits;
  const char* name;
};

constexpr Flag kFlags[] = {
    {0x1, "CRL_CHECK"},         {0x2, "IGNORE_NAME"},         {0x4, "IGNORE_DATE"},
    {0x8, "IGNORE_UNKNOWN_CA"}, {0x10, "IGNORE_USAGE"},       {0x100, "REDIRECTS_REPORTED"},
    {0x200, "NO_REDIRECTS"},    {0x800, "REDIRECTS_TO_HTTP"},
};

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return text;
}

// "SERVER" from "AUTH_TARGET_SERVER"; a value of a newer service is shown as its number.
std::string NameOf(const std::string& name, std::string_view prefix, int value) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : std::to_string(value);
}

const char* StorageText(v1::CredentialStorage storage) {
  switch (storage) {
    case v1::CREDENTIAL_STORAGE_STORED: return "";
    case v1::CREDENTIAL_STORAGE_MEMORY_ONLY: return " (a restart of bitsd loses it)";
    case v1::CREDENTIAL_STORAGE_LOST: return " (lost at a restart: set it again)";
    default: return " (unknown)";
  }
}

}  // namespace

absl::StatusOr<v1::AuthTarget> ParseTarget(const std::string& text) {
  v1::AuthTarget target{};
  if (v1::AuthTarget_Parse("AUTH_TARGET_" + Upper(text), &target)) return target;
  return UsageError("a target is SERVER or PROXY");
}

absl::StatusOr<v1::AuthScheme> ParseScheme(const std::string& text) {
  v1::AuthScheme scheme{};
  if (v1::AuthScheme_Parse("AUTH_SCHEME_" + Upper(text), &scheme)) return scheme;
  return UsageError("a scheme is BASIC, DIGEST, NTLM or NEGOTIATE");
}

absl::StatusOr<v1::ProxyUsage> ParseProxyUsage(const std::string& text) {
  v1::ProxyUsage usage{};
  if (v1::ProxyUsage_Parse("PROXY_USAGE_" + Upper(text), &usage)) return usage;
  return UsageError("a proxy usage is PRECONFIG, NO_PROXY or OVERRIDE");
}

std::string ProxyUsageName(v1::ProxyUsage usage) {
  return NameOf(v1::ProxyUsage_Name(usage), "PROXY_USAGE_", usage);
}

std::string ProxyText(const v1::ProxySettings& settings) {
  std::string text = ProxyUsageName(settings.usage());
  if (!settings.list().empty()) text += " " + settings.list();
  if (!settings.bypass().empty()) text += ", but not for " + settings.bypass();
  return text;
}

std::string CredentialText(const v1::JobCredential& credential) {
  return NameOf(v1::AuthTarget_Name(credential.target()), "AUTH_TARGET_", credential.target()) +
         " " +
         NameOf(v1::AuthScheme_Name(credential.scheme()), "AUTH_SCHEME_", credential.scheme()) +
         (credential.implicit() ? ", of whoever acts" : ", user and password") +
         StorageText(credential.storage());
}

std::string SecurityFlagNames(uint32_t flags) {
  char text[11];
  std::snprintf(text, sizeof(text), "0x%X", flags);
  std::string names = text;
  if (flags == 0) names += " none";
  for (const Flag& flag : kFlags) {
    if ((flags & flag.bits) == flag.bits) names += std::string(" ") + flag.name;
  }
  return names;
}

}  // namespace bits::cli
