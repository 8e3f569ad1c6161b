#include "server/identity/network_reader.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitsd {
namespace {

using yaml::Errors;
using yaml::Fields;
using yaml::TreeNode;

constexpr size_t kMaxPrincipal = 256;
constexpr size_t kMaxLoginName = 256;
constexpr size_t kMaxPath = 4095;
constexpr size_t kMaxDelegated = 16;

/// Bytes that a name of Kerberos or NTLM has without quoting.
bool IsPlain(unsigned char c) { return c > 0x20 && c != 0x7F && c != '\\' && c != '@'; }

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsPlain);
}

std::optional<std::string> ReadPrincipal(const TreeNode& node, Errors& errors) {
  auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  const std::string_view name = *text;
  const size_t at = std::min(name.find('@'), name.size());
  const bool good = name.size() <= kMaxPrincipal && IsPlainName(name.substr(0, at)) &&
                    at < name.size() && IsPlainName(name.substr(at + 1));
  if (good) return text;
  errors.Add(node, "write a Kerberos principal with its realm, such as alice@EXAMPLE.COM");
  return std::nullopt;
}

std::optional<std::string> ReadLoginName(const TreeNode& node, Errors& errors) {
  auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  if (text->size() <= kMaxLoginName && IsPlainName(*text)) return text;
  errors.Add(node, "write user and domain apart: plain names without spaces, '\\' and '@'");
  return std::nullopt;
}

/// Absolute, and every part of it a name: another spelling would be another file to who guards it.
bool IsCanonical(std::string_view path) {
  if (path.size() < 2 || path.size() > kMaxPath || path.front() != '/') return false;
  for (size_t begin = 1; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

std::optional<std::string> ReadPath(const TreeNode& node, Errors& errors) {
  auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  if (IsCanonical(*text)) return text;
  errors.Add(node, "write the absolute path of a file, without '..' and without a type in front");
  return std::nullopt;
}

std::optional<KerberosAccount> ReadKerberos(const TreeNode& node, Errors& errors) {
  const Fields fields(node, errors, {"principal", "keytab", "credential_cache"});
  KerberosAccount account;
  fields.Required("principal", account.principal, ReadPrincipal);
  fields.Optional("keytab", account.keytab, ReadPath);
  fields.Optional("credential_cache", account.credential_cache, ReadPath);
  const bool keytab = fields.Find("keytab") != nullptr;
  if (keytab == (fields.Find("credential_cache") != nullptr)) {
    errors.Add(node, "name one of 'keytab' and 'credential_cache'");
  }
  if (!errors.ok()) return std::nullopt;
  return account;
}

std::optional<NtlmAccount> ReadNtlm(const TreeNode& node, Errors& errors) {
  const Fields fields(node, errors, {"domain", "user", "password_file"});
  NtlmAccount account;
  fields.Optional("domain", account.domain, ReadLoginName);
  fields.Required("user", account.user, ReadLoginName);
  fields.Required("password_file", account.password_file, ReadPath);
  if (!errors.ok()) return std::nullopt;
  return account;
}

std::optional<DelegatedPrincipal> ReadDelegated(const TreeNode& node, Errors& errors) {
  const Fields fields(node, errors, {"principal", "administrator"});
  DelegatedPrincipal principal;
  fields.Optional("administrator", principal.administrator, yaml::Bool);
  if (!fields.Required("principal", principal.name, ReadPrincipal)) return std::nullopt;
  return principal;
}

std::optional<std::vector<DelegatedPrincipal>> ReadDelegatedList(const TreeNode& node,
                                                                 Errors& errors) {
  auto principals = yaml::ListOf(ReadDelegated, kMaxDelegated)(node, errors);
  if (!principals) return std::nullopt;
  std::vector<std::string> names;
  for (const DelegatedPrincipal& principal : *principals) names.push_back(principal.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) errors.Add(node, *twice + " is given twice");
  return principals;
}

}  // namespace

std::optional<NetworkCredentials> ReadNetworkCredentials(const TreeNode& node, Errors& errors) {
  const Fields fields(node, errors, {"kerberos", "ntlm", "delegated"});
  NetworkCredentials credentials;
  fields.Optional("kerberos", credentials.kerberos, ReadKerberos);
  fields.Optional("ntlm", credentials.ntlm, ReadNtlm);
  fields.Optional("delegated", credentials.delegated, ReadDelegatedList);
  if (!errors.ok()) return std::nullopt;
  return credentials;
}

}  // namespace bitsd
