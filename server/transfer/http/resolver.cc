#include "server/transfer/http/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "server/base/thread_signals.h"

namespace bitsd {

absl::StatusOr<Addresses> LookUp(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (error != 0) return absl::UnavailableError(gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    // An address of one link has the link's name, which is no part of an address elsewhere.
    std::string address = text.data();
    address.erase(std::min(address.find('%'), address.size()));
    const bool known = std::find(addresses.begin(), addresses.end(), address) != addresses.end();
    if (!known && addresses.size() < kMaxAddresses) addresses.push_back(address);
  }
  if (addresses.empty()) return absl::UnavailableError("the name has no address");
  return addresses;
}

struct Resolver::Question {
  uint64_t number = 0;
  Sid owner;
  std::string name;
  Done done;
};

struct Resolver::State {
  struct Owner {
    size_t places = 0;
    std::deque<Question> waiting;
  };

  bool HasPlace(const Owner& owner) const {
    return owner.places < limits.per_owner && places < limits.total;
  }
  void Take(const Sid& owner) {
    ++places;
    ++owners[owner].places;
  }
  void Free(const Sid& owner);
  std::optional<Question> Next();

  const Limits limits;
  const std::function<absl::StatusOr<Addresses>(const std::string&)> look_up;
  std::mutex mutex;  ///< Of everything below.
  size_t places = 0;
  uint64_t last_number = 0;
  std::map<Sid, Owner> owners;  ///< Those with places or questions.
};

void Resolver::State::Free(const Sid& owner) {
  --places;
  const auto entry = owners.find(owner);
  --entry->second.places;
  if (entry->second.places == 0 && entry->second.waiting.empty()) owners.erase(entry);
}

/// Of whoever has fewest places; it takes one.
std::optional<Resolver::Question> Resolver::State::Next() {
  auto best = owners.end();
  for (auto entry = owners.begin(); entry != owners.end(); ++entry) {
    if (entry->second.waiting.empty() || !HasPlace(entry->second)) continue;
    if (best == owners.end() || entry->second.places < best->second.places) best = entry;
  }
  if (best == owners.end()) return std::nullopt;
  Question question = std::move(best->second.waiting.front());
  best->second.waiting.pop_front();
  Take(best->first);
  return question;
}

Resolver::Resolver(Limits limits,
                   std::function<absl::StatusOr<Addresses>(const std::string&)> look_up)
    : state_(new State{limits, std::move(look_up), {}, 0, 0, {}}) {}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  for (auto& [owner, entry] : state_->owners) entry.waiting.clear();
}

uint64_t Resolver::Ask(const Sid& owner, std::string name, Done done) {
  Question question{0, owner, std::move(name), std::move(done)};
  uint64_t number = 0;
  {
    const std::lock_guard lock(state_->mutex);
    number = ++state_->last_number;
    question.number = number;
    State::Owner& entry = state_->owners[owner];
    if (!state_->HasPlace(entry)) {
      entry.waiting.push_back(std::move(question));
      return number;
    }
    state_->Take(owner);
  }
  // Kept for when the thread does not start.
  const Done refused = question.done;
  try {
    std::thread(&Resolver::Work, state_, std::move(question)).detach();
  } catch (const std::system_error&) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->Free(owner);
    }
    refused(absl::UnavailableError("no thread can be started just now"));
  }
  return number;
}

void Resolver::Work(const std::shared_ptr<State>& state, Question question) {
  BlockSignalsInThread();
  pthread_setname_np(pthread_self(), kResolverThread);
  std::optional<Question> next = std::move(question);
  while (next) {
    absl::StatusOr<Addresses> addresses = state->look_up(next->name);
    next->done(std::move(addresses));
    const std::lock_guard lock(state->mutex);
    state->Free(next->owner);
    next = state->Next();
  }
}

bool Resolver::GiveUp(uint64_t question) {
  const std::lock_guard lock(state_->mutex);
  for (auto entry = state_->owners.begin(); entry != state_->owners.end(); ++entry) {
    std::deque<Question>& waiting = entry->second.waiting;
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [=](const Question& q) { return q.number == question; });
    if (found == waiting.end()) continue;
    waiting.erase(found);
    if (waiting.empty() && entry->second.places == 0) state_->owners.erase(entry);
    return true;
  }
  return false;
}

size_t Resolver::places() const {
  const std::lock_guard lock(state_->mutex);
  return state_->places;
}

}  // namespace bitsd
