#include "client/cli/settings/config_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "client/base/private_file.h"
#include "client/identity/sid_text.h"

namespace bits::cli {
namespace {

constexpr size_t kMaxNameLength = 64;
constexpr size_t kMaxConfigSize = 64 << 10;

struct Key {
  const char* name;
  const char* option;
  bool is_path;
  bool required;
};

constexpr Key kKeys[] = {
    {"endpoint", "--endpoint", false, false},
    {"certificate", "--cert", true, true},
    {"key", "--key", true, true},
    {"roots", "--ca", true, true},
    {"impersonation_level", "--impersonation-level", false, false},
    {"filter_admin", "--filter-admin", false, false},
};

// Thrown and caught in this file only: yaml-cpp throws, too.
struct Refused {
  YAML::Mark mark;
  std::string why;
};

[[noreturn]] void Refuse(const YAML::Node& node, const std::string& why) {
  throw Refused{node.Mark(), why};
}

std::string TextOf(const YAML::Node& node, const std::string& what) {
  if (!node.IsScalar() || node.Scalar().empty()) Refuse(node, what + " must be text");
  return node.Scalar();
}

// yaml-cpp would let the first of two equal keys win.
std::map<std::string, YAML::Node> EntriesOf(const YAML::Node& node, const std::string& what) {
  if (!node.IsMap()) Refuse(node, what + " must have keys and values");
  std::map<std::string, YAML::Node> entries;
  for (const auto& entry : node) {
    const std::string key = TextOf(entry.first, "a key");
    if (!entries.emplace(key, entry.second).second) Refuse(entry.first, key + " is given twice");
  }
  return entries;
}

const Key* FindKey(const std::string& name) {
  for (const Key& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

NamedIdentity IdentityOf(const YAML::Node& node, const std::string& name,
                         const std::string& folder) {
  NamedIdentity identity;
  for (const auto& [key_name, value] : EntriesOf(node, "identity " + name)) {
    const Key* key = FindKey(key_name);
    if (key == nullptr) Refuse(value, "there is no key " + key_name + " in an identity");
    std::string text = TextOf(value, key_name);
    if (key->is_path && !text.starts_with('/')) text.insert(0, folder);
    identity[key->option] = std::move(text);
  }
  for (const Key& key : kKeys) {
    if (key.required && !identity.contains(key.option)) {
      Refuse(node, "identity " + name + " needs the key " + key.name);
    }
  }
  return identity;
}

void CheckName(const YAML::Node& node, const std::string& name) {
  constexpr char kAllowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const bool plain = name.size() <= kMaxNameLength && name[0] != '-' &&
                     name.find_first_not_of(kAllowed) == std::string::npos;
  // --as takes either: a name that looks like a SID could be mistaken for one.
  if (!plain || IsCanonicalSid(name)) {
    Refuse(node, "the name of an identity has 1 to 64 of A-Z a-z 0-9 . _ - and is no SID");
  }
}

ConfigFile ConfigOf(const YAML::Node& root, const std::string& path) {
  ConfigFile config{.path = path, .default_identity = "", .identities = {}};
  for (const auto& [key, value] : EntriesOf(root, "the file")) {
    if (key == "default") {
      config.default_identity = TextOf(value, key);
    } else if (key == "identities") {
      for (const auto& [name, node] : EntriesOf(value, key)) {
        CheckName(node, name);
        config.identities[name] = IdentityOf(node, name, FolderOf(path));
      }
    } else {
      Refuse(value, "there is no key " + key);
    }
  }
  if (!config.default_identity.empty() && !config.identities.contains(config.default_identity)) {
    Refuse(root, "default: there is no identity " + config.default_identity);
  }
  return config;
}

absl::Status BadConfig(const std::string& path, const YAML::Mark& mark, const std::string& why) {
  const std::string line = mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
  return absl::InvalidArgumentError(path + line + ": " + why);
}

absl::Status MissingFile(const std::string& path) {
  const std::string message = path + ": " + strerror(errno);
  return errno == ENOENT || errno == ENOTDIR ? absl::NotFoundError(message)
                                             : absl::FailedPreconditionError(message);
}

}  // namespace

absl::StatusOr<ConfigFile> ParseConfig(const std::string& path, const std::string& yaml) {
  if (yaml.size() > kMaxConfigSize) {
    return absl::InvalidArgumentError(path + ": is larger than 64 KiB");
  }
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (root.IsNull()) return ConfigFile{.path = path, .default_identity = "", .identities = {}};
    return ConfigOf(root, path);
  } catch (const Refused& refused) {
    return BadConfig(path, refused.mark, refused.why);
  } catch (const YAML::Exception& error) {
    return BadConfig(path, error.mark, error.msg);
  }
}

absl::StatusOr<ConfigFile> ReadConfig(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return MissingFile(path);
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return absl::FailedPreconditionError(
        path + ": belongs to somebody else, who could make you another identity: chown it to you");
  }
  if ((info.st_mode & 022) != 0) {
    return absl::FailedPreconditionError(
        path + ": others can write it and make you another identity: chmod go-w it");
  }
  const auto text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseConfig(path, *text);
}

absl::Status CheckKeyFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return MissingFile(path);
  if ((info.st_mode & 077) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      path + ": others can read this private key: chmod 600 it, and get a new certificate if " +
      "anybody may have");
}

}  // namespace bits::cli
