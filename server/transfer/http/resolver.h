// Names to addresses, on a bounded number of threads.
//
// The system's resolver blocks, for minutes when a name server does not answer, and libcurl would
// leave a thread behind for each request that is given up meanwhile. Here a look-up has a place
// until it has ended, also when nobody waits for it any more. An owner has few places, and the
// machine has a total: whose names hang fills his own places and nobody else's. Who finds none free
// waits in the owner's line; owners take turns.
//
// Thread safety: any thread; nothing blocks. `done` runs on a thread of the resolver. Ownership:
// threads that hang outlive it with what they use, and end by themselves.

#ifndef BITSD_SERVER_TRANSFER_HTTP_RESOLVER_H_
#define BITSD_SERVER_TRANSFER_HTTP_RESOLVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/identity/sid.h"

namespace bitsd {

/// Numeric, at most kMaxAddresses.
using Addresses = std::vector<std::string>;
inline constexpr size_t kMaxAddresses = 64;

/// What its threads are called, for who counts them.
inline constexpr char kResolverThread[] = "bitsd-resolver";

/// The system's answer for `name`. Blocks. An error says why in the system's words.
absl::StatusOr<Addresses> LookUp(const std::string& name);

class Resolver {
 public:
  struct Limits {
    size_t per_owner = 8;  ///< Look-ups that have not ended, wanted or not.
    size_t total = 256;
  };
  using Done = std::function<void(absl::StatusOr<Addresses>)>;

  explicit Resolver(Limits limits,
                    std::function<absl::StatusOr<Addresses>(const std::string&)> look_up = &LookUp);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Asks for `name` in a place of `owner`. The number names the question, and is never 0.
  uint64_t Ask(const Sid& owner, std::string name, Done done);
  /// Nobody waits for it any more; `done` may be running. True: it was still in line.
  bool GiveUp(uint64_t question);

  /// Look-ups that have not ended.
  size_t places() const;

 private:
  struct Question;
  struct State;

  static void Work(const std::shared_ptr<State>& state, Question question);

  const std::shared_ptr<State> state_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_RESOLVER_H_
