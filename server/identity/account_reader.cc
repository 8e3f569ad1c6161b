#include "server/identity/account_reader.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "server/identity/impersonation_level.h"
#include "server/identity/network_reader.h"
#include "server/identity/posix_names.h"

namespace bitsd {
namespace {

using yaml::Errors;
using yaml::Fields;
using yaml::ListOf;
using yaml::TreeNode;

constexpr size_t kMaxName = 256;
constexpr size_t kMaxGroups = 1024;  // Few enough for one message to the broker.
constexpr size_t kMaxCertificates = 16;
constexpr size_t kFingerprintDigits = 64;

std::optional<Sid> ReadSid(const TreeNode& node, Errors& errors) {
  const auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  const absl::StatusOr<Sid> sid = Sid::Parse(*text);
  if (sid.ok()) return *sid;
  errors.Add(node, "malformed SID: write it as S-1-5-21-1-2-3-1001");
  return std::nullopt;
}

std::optional<std::string> ReadName(const TreeNode& node, Errors& errors) {
  auto name = yaml::Text(node, errors);
  if (!name || name->size() <= kMaxName) return name;
  errors.Add(node, "a name has at most 256 bytes");
  return std::nullopt;
}

/// Three octal digits, with or without a leading zero. It is octal whether quoted or not.
std::optional<mode_t> ReadUmask(const TreeNode& node, Errors& errors) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  const std::string& text = node.text;
  const bool four = text.size() == 4 && text[0] == '0';
  if (node.kind == TreeNode::Kind::kText && (text.size() == 3 || four) &&
      std::all_of(text.begin(), text.end(), is_octal)) {
    return static_cast<mode_t>(std::stoul(text, nullptr, 8));
  }
  errors.Add(node, "write the umask as three octal digits, such as \"022\"");
  return std::nullopt;
}

std::optional<ImpersonationLevel> ReadLevel(const TreeNode& node, Errors& errors) {
  const auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  const auto level = ParseImpersonationLevel(*text);
  if (!level) errors.Add(node, "write " + std::string(kImpersonationLevelNames) + " here");
  return level;
}

std::optional<std::string> ReadFingerprint(const TreeNode& node, Errors& errors) {
  auto text = yaml::Text(node, errors);
  if (!text) return std::nullopt;
  const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (text->size() != kFingerprintDigits || !std::all_of(text->begin(), text->end(), is_hex)) {
    errors.Add(node, "write the SHA-256 of the certificate as 64 hexadecimal digits");
    return std::nullopt;
  }
  for (char& c : *text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<uint32_t> ReadAttributes(const TreeNode& node, Errors& errors) {
  const auto names = ListOf(yaml::Text, 1)(node, errors);
  if (!names) return std::nullopt;
  if (names->size() == 1 && names->front() == "ENABLED") return kGroupEnabled;
  if (names->size() == 1 && names->front() == "USE_FOR_DENY_ONLY") return kGroupUseForDenyOnly;
  errors.Add(node, "write [ENABLED] or [USE_FOR_DENY_ONLY] here");
  return std::nullopt;
}

std::optional<SidGroup> ReadSidGroup(const TreeNode& node, Errors& errors) {
  const Fields fields(node, errors, {"sid", "attributes"});
  SidGroup group;
  const bool good = fields.Required("sid", group.sid, ReadSid) &&
                    fields.Required("attributes", group.attributes, ReadAttributes);
  if (!good) return std::nullopt;
  return group;
}

std::optional<std::vector<SidGroup>> ReadSidGroups(const TreeNode& node, Errors& errors) {
  auto groups = ListOf(ReadSidGroup, kMaxGroups)(node, errors);
  if (!groups) return std::nullopt;
  std::vector<Sid> sids;
  for (const SidGroup& group : *groups) sids.push_back(group.sid);
  std::sort(sids.begin(), sids.end());
  const auto twice = std::adjacent_find(sids.begin(), sids.end());
  if (twice != sids.end()) errors.Add(node, twice->ToString() + " is given twice");
  return groups;
}

/// The form that PosixIdentity promises: sorted, without duplicates, without the primary group.
void Normalize(PosixIdentity& identity) {
  std::vector<gid_t>& groups = identity.groups;
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  groups.erase(std::remove(groups.begin(), groups.end(), identity.gid), groups.end());
}

/// uid, gid and groups of a map that has all of them or none.
std::optional<PosixIdentity> ReadPosixFields(const Fields& fields) {
  PosixIdentity identity;
  fields.Optional("groups", identity.groups, ListOf(ReadGroupId, kMaxGroups));
  const bool good = fields.Required("uid", identity.uid, ReadUserId) &&
                    fields.Required("gid", identity.gid, ReadGroupId);
  if (!good) return std::nullopt;
  Normalize(identity);
  return identity;
}

/// The side that a filtered token has.
struct FilteredSide {
  PosixIdentity posix;
  NetworkCredentials network;
};

std::optional<FilteredSide> ReadFiltered(const TreeNode& node, Errors& errors) {
  const Fields fields(node, errors, {"uid", "gid", "groups", "network"});
  FilteredSide side;
  fields.Optional("network", side.network, ReadNetworkCredentials);
  std::optional<PosixIdentity> posix = ReadPosixFields(fields);
  if (!posix) return std::nullopt;
  side.posix = *std::move(posix);
  return side;
}

bool HasPosixFields(const Fields& fields) {
  return fields.Find("uid") != nullptr || fields.Find("gid") != nullptr ||
         fields.Find("groups") != nullptr;
}

void ReadOptionalFields(const Fields& fields, Account& account) {
  fields.Optional("sid_groups", account.groups, ReadSidGroups);
  fields.Optional("service", account.service, yaml::Bool);
  fields.Optional("disabled", account.disabled, yaml::Bool);
  fields.Optional("max_impersonation_level", account.max_level, ReadLevel);
  fields.Optional("umask", account.umask, ReadUmask);
  fields.Optional("network", account.network, ReadNetworkCredentials);
  FilteredSide side;
  if (fields.Optional("filtered", side, ReadFiltered)) {
    account.filtered = std::move(side.posix);
    account.filtered_network = std::move(side.network);
  }
  fields.Optional("certificates", account.certificates, ListOf(ReadFingerprint, kMaxCertificates));
}

bool IsPrivileged(const PosixIdentity& identity, const std::vector<gid_t>& privileged_groups) {
  const auto privileged = [&](gid_t gid) {
    return gid == 0 || std::find(privileged_groups.begin(), privileged_groups.end(), gid) !=
                           privileged_groups.end();
  };
  return identity.uid == 0 || privileged(identity.gid) ||
         std::any_of(identity.groups.begin(), identity.groups.end(), privileged);
}

}  // namespace

std::optional<Account> ReadAccount(const TreeNode& node, Errors& errors) {
  const Fields fields(node, errors,
                      {"sid", "name", "uid", "gid", "groups", "sid_groups", "service", "disabled",
                       "max_impersonation_level", "umask", "network", "filtered", "certificates"});
  Account account;
  fields.Required("sid", account.sid, ReadSid);
  fields.Required("name", account.name, ReadName);
  if (HasPosixFields(fields)) account.posix = ReadPosixFields(fields);
  ReadOptionalFields(fields, account);
  if (!account.certificates.empty() && !IsWellKnownService(account.sid)) {
    errors.Add(*fields.Find("certificates"),
               "only S-1-5-18, S-1-5-19 and S-1-5-20 pin certificates: leave this out");
  }
  if (!errors.ok()) return std::nullopt;
  return account;
}

void CheckAdministratorRule(const Account& account, const std::vector<gid_t>& privileged_groups,
                            const TreeNode& node, Errors& errors) {
  const bool administrator = account.IsAdministrator();
  if (account.sid == kLocalSystemSid && !administrator) {
    errors.Add(node, "S-1-5-18 always carries S-1-5-32-544 ENABLED: add it to its sid_groups");
  }
  if (account.posix && IsPrivileged(*account.posix, privileged_groups) && !administrator) {
    errors.Add(node, "'" + account.name +
                         "' has uid 0, gid 0 or a privileged group: add S-1-5-32-544 ENABLED to "
                         "its sid_groups, or take the privilege away");
  }
  if (account.filtered && IsPrivileged(*account.filtered, privileged_groups)) {
    errors.Add(node, "the filtered identity of '" + account.name +
                         "' has uid 0, gid 0 or a privileged group: it must have none");
  }
}

}  // namespace bitsd
