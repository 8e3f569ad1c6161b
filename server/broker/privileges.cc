#include "server/broker/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace bitsd::privileges {
namespace {

constexpr uint64_t kIdentityCapabilities = (1ULL << CAP_SETUID) | (1ULL << CAP_SETGID);

struct Capabilities {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

using CapabilityWords = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

void Require(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "bitsd: %s failed: %s; this process ends\n", what, std::strerror(errno));
  std::abort();
}

Capabilities Get() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityWords words{};
  Require(::syscall(SYS_capget, &header, words.data()) == 0, "capget");
  const auto join = [](uint32_t low, uint32_t high) { return low | uint64_t{high} << 32; };
  return {join(words[0].effective, words[1].effective),
          join(words[0].permitted, words[1].permitted),
          join(words[0].inheritable, words[1].inheritable)};
}

void Set(uint64_t capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityWords words{};
  words[0].effective = words[0].permitted = static_cast<uint32_t>(capabilities);
  words[1].effective = words[1].permitted = static_cast<uint32_t>(capabilities >> 32);
  Require(::syscall(SYS_capset, &header, words.data()) == 0, "capset");
  Require(Get() == Capabilities{capabilities, capabilities, 0}, "verifying the capabilities");
}

// Needs CAP_SETPCAP, which only a process started as root has. Without it the bounding set stays,
// and does nothing: no process of bitsd calls exec, and all set no_new_privs.
void ReduceBoundingSet(uint64_t keep) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if ((keep >> capability & 1) == 0) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void ClearAmbientSet() {
  Require(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0,
          "clearing the ambient capabilities");
}

// With SECBIT_NO_SETUID_FIXUP a change of uid would leave capabilities in force.
void ClearSecureBits() {
  ::prctl(PR_SET_SECUREBITS, 0, 0, 0, 0);
  const int bits = ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  errno = EPERM;
  Require(bits >= 0 && (bits & SECBIT_NO_SETUID_FIXUP) == 0, "clearing SECBIT_NO_SETUID_FIXUP");
}

std::vector<gid_t> SupplementaryGroups() {
  const int count = ::getgroups(0, nullptr);
  Require(count >= 0, "getgroups");
  std::vector<gid_t> groups(static_cast<size_t>(count));
  Require(::getgroups(count, groups.data()) == count, "getgroups");
  std::sort(groups.begin(), groups.end());
  return groups;
}

void SwitchTo(const PosixIdentity& identity) {
  Require(::setgroups(identity.groups.size(), identity.groups.data()) == 0, "setgroups");
  Require(::setresgid(identity.gid, identity.gid, identity.gid) == 0, "setresgid");
  Require(::setresuid(identity.uid, identity.uid, identity.uid) == 0, "setresuid");
  RequireIdentity(identity);
}

}  // namespace

bool CanSwitchIdentity() {
  return (Get().effective & kIdentityCapabilities) == kIdentityCapabilities;
}

void LeaveRoot(uid_t uid, gid_t gid) {
  ClearSecureBits();
  ClearAmbientSet();
  ReduceBoundingSet(kIdentityCapabilities);
  Require(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "keeping the capabilities");
  SwitchTo({uid, gid, {}});
  Require(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0, "PR_SET_KEEPCAPS");
  Set(Get().permitted & kIdentityCapabilities);
}

void KeepIdentityCapabilitiesOnly() {
  ClearSecureBits();
  ClearAmbientSet();
  ReduceBoundingSet(kIdentityCapabilities);
  Set(CanSwitchIdentity() ? kIdentityCapabilities : 0);
}

void DropAllCapabilities() {
  ClearAmbientSet();
  ReduceBoundingSet(0);
  Set(0);
}

void BecomeIdentity(const PosixIdentity& identity) {
  SwitchTo(identity);
  DropAllCapabilities();
}

void RequireIdentity(const PosixIdentity& identity) {
  errno = EPERM;
  Require(HasIdentity(identity), "verifying uid, gid and groups");
}

bool HasIdentity(const PosixIdentity& identity) {
  uid_t uids[3] = {};
  gid_t gids[3] = {};
  Require(::getresuid(&uids[0], &uids[1], &uids[2]) == 0, "getresuid");
  Require(::getresgid(&gids[0], &gids[1], &gids[2]) == 0, "getresgid");
  std::vector<gid_t> groups = SupplementaryGroups();
  std::erase(groups, identity.gid);
  return std::count(uids, uids + 3, identity.uid) == 3 &&
         std::count(gids, gids + 3, identity.gid) == 3 && groups == identity.groups;
}

void Harden() {
  const rlimit none{0, 0};
  Require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
  Require(::setrlimit(RLIMIT_CORE, &none) == 0, "setrlimit");
  Require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "PR_SET_DUMPABLE");
}

void EndWith(pid_t parent) {
  Require(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "PR_SET_PDEATHSIG");
  if (::getppid() != parent) ::_exit(EXIT_FAILURE);
}

void KeepOnly(std::initializer_list<UniqueFd*> descriptors) {
  constexpr int kFirst = STDERR_FILENO + 1;
  const int end = kFirst + static_cast<int>(descriptors.size());
  for (UniqueFd* descriptor : descriptors) {  // Out of the way of the places to be taken.
    descriptor->Reset(::fcntl(descriptor->get(), F_DUPFD_CLOEXEC, end));
    Require(descriptor->valid(), "F_DUPFD_CLOEXEC");
  }
  int place = kFirst;
  for (UniqueFd* descriptor : descriptors) {
    Require(::dup3(descriptor->get(), place, O_CLOEXEC) == place, "dup3");
    descriptor->Reset(place++);
  }
  Require(::close_range(static_cast<unsigned>(end), UINT_MAX, 0) == 0, "close_range");
}

void DetachStandardStreams() {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Require(null.valid(), "opening /dev/null");
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    Require(::dup2(null.get(), stream) == stream, "dup2");
  }
}

}  // namespace bitsd::privileges
