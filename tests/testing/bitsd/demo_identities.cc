#include "tests/testing/bitsd/demo_identities.h"

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <utility>

namespace bitsd::tests {
namespace {

DemoIdentity Plain(std::string name, int number) {
  const std::string rid = std::to_string(1000 + number);
  return {std::move(name), "S-1-5-21-1-2-3-" + rid, kBitsdUser + number};
}

DemoIdentity Administrator(std::string name, int number, uid_t filtered_uid) {
  DemoIdentity identity = Plain(std::move(name), number);
  identity.administrator = true;
  identity.filtered_uid = filtered_uid;
  return identity;
}

DemoIdentity Service(std::string name, int number) {
  DemoIdentity identity = Plain(std::move(name), number);
  identity.service = true;
  return identity;
}

std::string Network(const std::string& key, const std::string& credentials) {
  return credentials.empty() ? "" : key + credentials;
}

}  // namespace

const std::vector<DemoIdentity>& DemoIdentities() {
  static const std::vector<DemoIdentity> identities = {
      Plain("fetcher", 1),
      Plain("alice", 2),
      Plain("bob", 3),
      Plain("netuser", 4),
      Plain("mallory", 5),
      Administrator("admin", 6, kBitsdUser + 16),
      Administrator("rawadmin", 7, 0),
      Service("backup", 8),
  };
  return identities;
}

const DemoIdentity& Demo(std::string_view name) {
  for (const DemoIdentity& identity : DemoIdentities()) {
    if (identity.name == name) return identity;
  }
  std::cerr << "no demo identity is called " << name << "\n";
  std::abort();
}

std::string AccountDirectoryYaml(const std::vector<DemoIdentity>& identities) {
  std::ostringstream yaml;
  yaml << "accounts:\n";
  for (const DemoIdentity& who : identities) {
    yaml << "  - sid: " << who.sid << "\n    name: " << who.name << "\n    uid: " << who.uid
         << "\n    gid: " << who.uid << "\n";
    yaml << Network("    network: ", who.network) << (who.network.empty() ? "" : "\n");
    if (who.service) yaml << "    service: true\n";
    if (who.administrator) {
      yaml << "    sid_groups: [{sid: S-1-5-32-544, attributes: [ENABLED]}]\n";
    }
    if (who.filtered_uid != 0) {
      yaml << "    filtered: {uid: " << who.filtered_uid << ", gid: " << who.filtered_uid
           << Network(", network: ", who.filtered_network) << "}\n";
    }
  }
  return yaml.str();
}

}  // namespace bitsd::tests
