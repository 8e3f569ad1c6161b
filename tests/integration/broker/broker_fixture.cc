#include "tests/integration/broker/broker_fixture.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace bitsd {

namespace fs = std::filesystem;

ActingIdentity Identity(uid_t uid, std::vector<gid_t> groups) {
  ActingIdentity identity;
  identity.sid = Sid(5, {21, 1, 2, 3, uid});
  identity.posix = {uid, uid, std::move(groups)};
  return identity;
}

TestDirectory::TestDirectory() {
  for (const uid_t uid : {uid_t{0}, kServiceUid, kAliceUid, kBobUid}) Add(Identity(uid));
  Add(Member());
  for (uid_t uid = 61100; uid < 61300; ++uid) Add(Identity(uid));
}

void TestDirectory::Add(const ActingIdentity& identity) {
  Account account;
  account.sid = identity.sid;
  account.posix = identity.posix;
  accounts_[account.sid] = std::make_shared<const Account>(account);
}

std::shared_ptr<const Account> TestDirectory::Find(const Sid& sid) const {
  const auto found = accounts_.find(sid);
  return found == accounts_.end() ? nullptr : found->second;
}

BrokerOptions TestBrokerOptions(const std::string& state) {
  BrokerOptions options;
  options.load = [](uid_t) { return BrokerFiles{std::make_shared<const TestDirectory>(), {}}; };
  options.protected_paths = {state};
  return options;
}

bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

std::string StatusOf(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(field + ":")) continue;
    const size_t value = line.find_first_not_of(" \t", field.size() + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

bool IsAlive(pid_t pid) {
  const std::string state = StatusOf(pid, "State");
  return !state.empty() && state[0] != 'Z';
}

std::set<pid_t> ChildrenOf(pid_t parent) {
  std::set<pid_t> children;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && StatusOf(pid, "PPid") == std::to_string(parent)) children.insert(pid);
  }
  return children;
}

std::vector<std::string> DescriptorsOf(pid_t pid) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
    found.push_back(entry.path().filename().string() + " " +
                    fs::read_symlink(entry.path(), error).string());
  }
  return found;
}

void BrokerTest::SetUp() {
  if (::getuid() != 0) GTEST_SKIP() << "becoming other users needs root";
  options_ = TestBrokerOptions(folder_.MakeFolder("state"));
  alices_ = folder_.MakeFolder("alice", kAliceUid, kAliceUid, 0700);
  bobs_ = folder_.MakeFolder("bob", kBobUid, kBobUid, 0700);
}

void BrokerTest::TearDown() {
  client_.reset();
  process_.reset();
}

UniqueFd BrokerTest::StartRawBroker() {
  process_ = std::make_unique<tests::BrokerProcess>(options_, kServiceUid);
  broker_ = process_->pid();
  return process_->TakeChannel();
}

void BrokerTest::StartBroker(absl::Duration deadline) {
  process_ = std::make_unique<tests::BrokerProcess>(options_, kServiceUid);
  broker_ = process_->pid();
  auto client = process_->Connect(deadline);
  ASSERT_TRUE(client.ok()) << client.status();
  client_ = *std::move(client);
}

pid_t BrokerTest::OnlyWorker() const {
  const std::set<pid_t> workers = ChildrenOf(broker_);
  EXPECT_EQ(workers.size(), 1u);
  return workers.empty() ? -1 : *workers.begin();
}

}  // namespace bitsd
