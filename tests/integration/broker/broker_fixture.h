// A real broker for tests: a forked process with CAP_SETUID and CAP_SETGID, under its own uid.
//
// Needs root. Thread safety: none; make it before starting threads. Ownership: ends its broker.

#ifndef BITSD_TESTS_INTEGRATION_BROKER_BROKER_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_BROKER_BROKER_FIXTURE_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "gtest/gtest.h"
#include "server/broker/broker.h"
#include "server/broker/broker_client.h"
#include "server/identity/account_directory.h"
#include "tests/testing/broker_process.h"
#include "tests/testing/file_facts.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {

inline constexpr uid_t kServiceUid = 61000;
inline constexpr uid_t kAliceUid = 61001;
inline constexpr uid_t kBobUid = 61002;
inline constexpr gid_t kTeamGid = 61050;
inline constexpr char kTemporaryName[] = ".BIT0123456789abcdef.tmp";

/// S-1-5-21-1-2-3-`uid`, as that uid and gid.
ActingIdentity Identity(uid_t uid, std::vector<gid_t> groups = {});

/// Accounts for alice, bob, a member of the team, root and the service itself.
class TestDirectory : public AccountDirectory {
 public:
  TestDirectory();
  void Add(const ActingIdentity& identity);
  std::shared_ptr<const Account> Find(const Sid& sid) const override;

 private:
  absl::flat_hash_map<Sid, std::shared_ptr<const Account>> accounts_;
};

inline ActingIdentity Alice() { return Identity(kAliceUid); }
inline ActingIdentity Bob() { return Identity(kBobUid); }
inline ActingIdentity Member() { return Identity(61003, {kTeamGid}); }

/// Options with a TestDirectory and `state` protected.
BrokerOptions TestBrokerOptions(const std::string& state);

/// Polls `condition` until it holds; false after ten seconds.
bool Eventually(const std::function<bool()>& condition);

std::set<pid_t> ChildrenOf(pid_t parent);
/// A field of /proc/PID/status, such as "CapEff"; empty when there is no such process.
std::string StatusOf(pid_t pid, const std::string& field);
bool IsAlive(pid_t pid);
std::vector<std::string> DescriptorsOf(pid_t pid);

class BrokerTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Starts the broker and connects client_ to it.
  void StartBroker(absl::Duration deadline = absl::Seconds(20));
  /// Starts the broker and returns its raw channel.
  UniqueFd StartRawBroker();
  /// The only worker of the broker.
  pid_t OnlyWorker() const;

  tests::TempFolder folder_;
  BrokerOptions options_;
  std::string alices_;  ///< A folder only alice may write.
  std::string bobs_;
  pid_t broker_ = -1;
  std::unique_ptr<tests::BrokerProcess> process_;
  std::unique_ptr<BrokerClient> client_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_INTEGRATION_BROKER_BROKER_FIXTURE_H_
