// What the processes of bitsd may do, taken away step by step.
//
// A process that is not what it should be must not go on: where a function here cannot do what it
// says, or finds afterwards that it is not so, it writes why to standard error and aborts. Thread
// safety: none; a process calls them while it has one thread.

#ifndef BITSD_SERVER_BROKER_PRIVILEGES_H_
#define BITSD_SERVER_BROKER_PRIVILEGES_H_

#include <sys/types.h>

#include <initializer_list>

#include "server/base/unique_fd.h"
#include "server/identity/access_token.h"

namespace bitsd::privileges {

/// CAP_SETUID and CAP_SETGID are effective: this process can become others.
bool CanSwitchIdentity();

/// Leaves root for `uid` and `gid` without supplementary groups, keeping CAP_SETUID and CAP_SETGID.
void LeaveRoot(uid_t uid, gid_t gid);

/// Keeps of the capabilities CAP_SETUID and CAP_SETGID, if both are there, and else none.
void KeepIdentityCapabilitiesOnly();

/// Gives up every capability.
void DropAllCapabilities();

/// Becomes `identity` for good: groups, gid, uid, no capability; and checks all of it.
void BecomeIdentity(const PosixIdentity& identity);

/// Checks that this process is `identity` already: the worker of a bitsd that cannot switch.
void RequireIdentity(const PosixIdentity& identity);

/// True when this process has exactly these uids, gids and supplementary groups.
bool HasIdentity(const PosixIdentity& identity);

/// No new privileges, no core dumps, no ptrace.
void Harden();

/// Ends this process together with `parent`, which forked it. After every change of identity: those
/// take it back.
void EndWith(pid_t parent);

/// Moves `descriptors` to 3 and up, in this order, and closes every other one above standard error.
void KeepOnly(std::initializer_list<UniqueFd*> descriptors);

/// Puts /dev/null in the place of standard input, output and error.
void DetachStandardStreams();

}  // namespace bitsd::privileges

#endif  // BITSD_SERVER_BROKER_PRIVILEGES_H_
