// What names led to lately, within one security context.
//
// Thread safety: none. Ownership: a value of its connection pool.

#ifndef BITSD_SERVER_TRANSFER_HTTP_NAME_CACHE_H_
#define BITSD_SERVER_TRANSFER_HTTP_NAME_CACHE_H_

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "server/transfer/http/resolver.h"

namespace bitsd {

class NameCache {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A name that changes is asked for anew after this long.
  static constexpr std::chrono::seconds kKeep{60};
  static constexpr size_t kMaxNames = 256;

  /// Null when it has to be asked for.
  const Addresses* Find(const std::string& name, Time now) const {
    const auto entry = names_.find(name);
    if (entry == names_.end() || now - entry->second.since > kKeep) return nullptr;
    return &entry->second.addresses;
  }

  void Remember(const std::string& name, Addresses addresses, Time now) {
    if (names_.size() >= kMaxNames) names_.clear();
    names_[name] = {std::move(addresses), now};
  }

 private:
  struct Entry {
    Addresses addresses;
    Time since;
  };

  std::map<std::string, Entry> names_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_NAME_CACHE_H_
