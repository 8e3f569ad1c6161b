// The processes that a broker has forked and that live.
//
// One ends when its end signal is let go, once it has answered what it is doing. Thread safety:
// none; the broker has one thread. Ownership: the broker's ends of the end signals.

#ifndef BITSD_SERVER_BROKER_CHILD_TABLE_H_
#define BITSD_SERVER_BROKER_CHILD_TABLE_H_

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <utility>

#include "server/base/unique_fd.h"

namespace bitsd {

/// `Who` is what the broker was asked for.
template <typename Who>
class ChildTable {
 public:
  /// `end_signal` is the end of a pipe whose other end the process watches.
  void Add(pid_t child, Who who, UniqueFd end_signal) {
    children_.insert_or_assign(child, Child{std::move(who), std::move(end_signal)});
  }
  void Remove(pid_t child) { children_.erase(child); }

  /// Lets those end that `may_stay` does not hold for. How many these were.
  size_t EndUnless(const std::function<bool(const Who&)>& may_stay) {
    size_t ended = 0;
    for (auto& [pid, child] : children_) {
      if (!child.end_signal.valid() || may_stay(child.who)) continue;
      child.end_signal.Reset();
      ++ended;
    }
    return ended;
  }

  size_t size() const { return children_.size(); }
  size_t Count(const std::function<bool(const Who&)>& holds) const {
    size_t count = 0;
    for (const auto& [pid, child] : children_) count += holds(child.who) ? 1 : 0;
    return count;
  }

 private:
  struct Child {
    Who who;
    UniqueFd end_signal;
  };
  std::map<pid_t, Child> children_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_CHILD_TABLE_H_
