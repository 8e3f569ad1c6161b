#include "server/identity/file_account_directory.h"

#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/base/strict_yaml.h"
#include "server/identity/account_reader.h"
#include "server/identity/posix_names.h"

namespace bitsd {
namespace {

constexpr size_t kMaxAccounts = 50'000;  // Fits strict_yaml.h's bound on values.

std::vector<gid_t> ResolveGroups(const std::vector<std::string>& names) {
  std::vector<gid_t> gids;
  for (const std::string& name : names) {
    if (const std::optional<gid_t> gid = FindGroup(name)) gids.push_back(*gid);
  }
  return gids;
}

/// Gathers accounts; no SID and no name may come twice.
class Collector {
 public:
  explicit Collector(std::vector<gid_t> privileged_groups)
      : privileged_groups_(std::move(privileged_groups)) {}

  void Add(const yaml::TreeNode& node, yaml::Errors& errors) {
    std::optional<Account> account = ReadAccount(node, errors);
    if (!account) return;
    CheckAdministratorRule(*account, privileged_groups_, node, errors);
    if (!names_.insert(account->name).second) {
      errors.Add(node, "the name '" + account->name + "' is given twice");
    }
    const Sid sid = account->sid;
    if (!accounts_.emplace(sid, std::make_shared<const Account>(*std::move(account))).second) {
      errors.Add(node, sid.ToString() + " is given twice");
    }
  }

  FileAccountDirectory::Accounts Take() { return std::move(accounts_); }

 private:
  const std::vector<gid_t> privileged_groups_;
  FileAccountDirectory::Accounts accounts_;
  absl::flat_hash_set<std::string> names_;
};

void ReadAccounts(const yaml::TreeNode& root, yaml::Errors& errors, Collector& collector) {
  const yaml::Fields fields(root, errors, {"accounts"});
  const yaml::TreeNode* accounts = fields.Find("accounts");
  if (accounts == nullptr) {
    errors.Add(root, "key 'accounts' is missing");
    return;
  }
  if (!yaml::IsList(*accounts, errors, kMaxAccounts)) return;
  for (const yaml::TreeNode& node : accounts->items) {
    collector.Add(node, errors);
    if (errors.full()) return;
  }
}

}  // namespace

std::shared_ptr<const Account> FileAccountDirectory::Find(const Sid& sid) const {
  const auto found = accounts_.find(sid);
  return found == accounts_.end() ? nullptr : found->second;
}

absl::StatusOr<std::shared_ptr<const FileAccountDirectory>> ParseAccountDirectory(
    const std::string& content, const std::string& file,
    const std::vector<std::string>& privileged_groups) {
  yaml::Errors errors(file);
  Collector collector(ResolveGroups(privileged_groups));
  if (const auto root = yaml::Parse(content, errors)) ReadAccounts(*root, errors, collector);
  if (!errors.ok()) return errors.status();
  return std::make_shared<const FileAccountDirectory>(collector.Take());
}

absl::StatusOr<std::shared_ptr<const FileAccountDirectory>> LoadAccountDirectory(
    const std::string& path, const std::vector<std::string>& privileged_groups) {
  const absl::StatusOr<std::string> content = yaml::ReadFile(path, kMaxDirectoryBytes);
  if (!content.ok()) return content.status();
  return ParseAccountDirectory(*content, path, privileged_groups);
}

}  // namespace bitsd
