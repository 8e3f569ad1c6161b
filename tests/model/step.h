// One step of a random history: who does what. Steps are data: a history can be printed, shrunk and
// played again.
//
// Thread safety: values.

#ifndef BITSD_TESTS_MODEL_STEP_H_
#define BITSD_TESTS_MODEL_STEP_H_

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/identity/sid.h"

namespace bitsd::model {

enum class Op {
  kCreate,
  kAddFile,
  kResume,
  kSuspend,
  kCancel,
  kComplete,
  kUpdate,
  kGet,
  kList,
  kHandle,
  kRelease,
  kSetFlags,
  kGetFlags,
  kGetSid,
  kLend,
  kClear,
  kTransferring,
  kDone,
  kFails,
  kFailsForGood,
  kWait,
  kStoreFails,
  kStoreWorks,
  kLogon,
  kLogoff,
  kAccount,
  kRestart,
};

struct Step {
  Op op;
  int who = 0;   ///< Index into kCast.
  int on = 0;    ///< A job; for the calls of BitsTokenOptions, a handle.
  int with = 0;  ///< How: see the calls in system.cc.
  int in = 0;    ///< The session of the call: 0 is the default one, else one that Logon gave.
};

/// "lend alice 3 0 0", one to a line.
std::string ToString(const Step& step);
std::string ToString(const std::vector<Step>& steps);
/// What ToString wrote; unknown lines are left out.
std::vector<Step> Parse(std::string_view text);

std::vector<Step> RandomSteps(uint32_t seed, int count);

struct Player {
  const char* name;
  Sid sid;
  int uid;
  bool administrator;
  int filtered_uid;  ///< 0: its filtered token is nobody.
  bool service;
};
inline const std::array<Player, 6> kCast = {{
    {"fetcher", Sid{5, {21, 1, 2, 3, 1001}}, 61001, false, 0, false},
    {"alice", Sid{5, {21, 1, 2, 3, 1002}}, 61002, false, 0, false},
    {"mallory", Sid{5, {21, 1, 2, 3, 1003}}, 61003, false, 0, false},
    {"admin", Sid{5, {21, 1, 2, 3, 500}}, 61004, true, 61104, false},
    {"rawadmin", Sid{5, {21, 1, 2, 3, 501}}, 61005, true, 0, false},
    {"backup", Sid{5, {21, 1, 2, 3, 1004}}, 61006, false, 0, true},
}};

// What Step::with says. Of calls: bits.
inline constexpr int kFiltered = 1;          ///< bits-filter-admin.
inline constexpr int kPublishingFails = 2;   ///< Of Complete.
inline constexpr int kIdentifyOnly = 2;      ///< Of lend.
inline constexpr int kShortCertificate = 4;  ///< Of lend and handle.
inline constexpr int kStaleRevision = 2;     ///< Of update.
inline constexpr int kCurrentRevision = 4;   ///< Of update.
inline constexpr int kBindShift = 3;         ///< Of handle: 1 + the helper it is bound to; 0: none.
/// Of wait, seconds; none is a limit of anything, nor do a few make one.
inline constexpr std::array<int, 5> kWaits = {11, 61, 1801, 3607, 10811};
/// Of logon, seconds.
inline constexpr std::array<int, 4> kTtls = {20, 61, 5003, 90000};
/// How bitsd is configured, so that every limit is met in a short history.
inline constexpr absl::Duration kShortLife = absl::Seconds(7200);  ///< Of a certificate.
inline constexpr absl::Duration kLongLife = absl::Hours(240);      ///< Of the others.
inline constexpr absl::Duration kLongestLoan = absl::Seconds(10000);
inline constexpr absl::Duration kDefaultIdle = absl::Seconds(9001);  ///< Of default sessions.

/// Of account.
enum class AccountEdit { kRemove, kDisable, kRestore, kAnotherUid, kNoAdministrator };

}  // namespace bitsd::model

#endif  // BITSD_TESTS_MODEL_STEP_H_
