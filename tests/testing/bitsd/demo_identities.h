// Who the integration tests play: SIDs, POSIX identities and what the account directory says of
// them.
//
// POSIX ids are numbers that no user of the machine has. Thread safety: constants, pure functions.

#ifndef BITSD_TESTS_TESTING_BITSD_DEMO_IDENTITIES_H_
#define BITSD_TESTS_TESTING_BITSD_DEMO_IDENTITIES_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace bitsd::tests {

/// What bitsd itself runs as.
inline constexpr uid_t kBitsdUser = 61000;

struct DemoIdentity {
  std::string name;
  std::string sid;
  uid_t uid = 0;               ///< The gid is the same number.
  bool administrator = false;  ///< S-1-5-32-544 ENABLED.
  uid_t filtered_uid = 0;      ///< 0: no `filtered:` entry.
  bool service = false;
  /// What the directory says of its network credentials (YAML, one line); empty: none.
  std::string network{};
  std::string filtered_network{};  ///< The same, below `filtered:`.
};

/// fetcher, alice, bob, netuser, mallory: plain. admin: an administrator with a filtered identity.
/// rawadmin: one without. backup: a service account.
const std::vector<DemoIdentity>& DemoIdentities();

/// The identity called `name`; aborts when there is none.
const DemoIdentity& Demo(std::string_view name);

/// The account directory (YAML) with these identities.
std::string AccountDirectoryYaml(const std::vector<DemoIdentity>& identities);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_BITSD_DEMO_IDENTITIES_H_
