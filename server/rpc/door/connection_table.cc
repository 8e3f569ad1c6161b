#include "server/rpc/door/connection_table.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

/// What a call costs on the wire besides its request: header fields, frames, TLS.
constexpr int64_t kCallOverhead = 256;
/// What peers send of themselves when they are sent much, such as acknowledgements: a sixteenth.
constexpr int kAnswerShift = 4;
/// Rounds of EndUnfinished until a connection that is too much is ended: its caller reads why.
constexpr int kFarewellRounds = 10;

/// What has arrived on `socket`, less what came in answer to what was sent.
int64_t Arrived(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return static_cast<int64_t>(info.tcpi_bytes_received) -
         static_cast<int64_t>(info.tcpi_bytes_acked >> kAnswerShift);
}

void Drop(absl::flat_hash_map<std::string, size_t>& counts, const std::string& key) {
  const auto it = counts.find(key);
  if (it != counts.end() && --it->second == 0) counts.erase(it);
}

}  // namespace

ConnectionTable::Admission ConnectionTable::Admit(const PeerAddress& peer, UniqueFd socket) {
  auto connection = std::make_shared<Connection>();
  connection->name = peer.connection;
  connection->place = peer.place;
  connection->socket = std::move(socket);
  const std::lock_guard lock(mutex_);
  ++arrived_;
  Admission admission;
  const auto place = of_place_.find(peer.place);
  const bool full_place = place != of_place_.end() && place->second >= limits_.per_address;
  if (full_place || connections_.size() >= limits_.connections) {
    if (!MakeRoom(full_place ? peer.place : "")) return admission;
    admission.another_ended = true;
  }
  connection->number = ++next_;
  // Its name may be there still: of a connection whose end was not seen yet, or of one from the
  // same port to another address of this machine. Two of one name cannot be told apart.
  const auto before = connections_.find(peer.connection);
  if (before != connections_.end()) End(ConnectionPtr(before->second));
  ++of_place_[peer.place];
  by_number_[connection->number] = connection;
  admission.admitted = true;
  admission.number = connection->number;
  connections_[peer.connection] = std::move(connection);
  return admission;
}

/// Ends the oldest connection without a caller: of `place`, or when that is empty of the place that
/// has the most of them.
bool ConnectionTable::MakeRoom(const std::string& place) {
  absl::flat_hash_map<std::string, std::pair<size_t, ConnectionPtr>> silent;
  for (const auto& [name, connection] : connections_) {
    if (connection->user || (!place.empty() && connection->place != place)) continue;
    auto& [count, oldest] = silent[connection->place];
    ++count;
    if (oldest == nullptr || connection->number < oldest->number) oldest = connection;
  }
  if (silent.empty()) return false;
  const auto most = std::max_element(
      silent.begin(), silent.end(),
      [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  End(ConnectionPtr(most->second.second));
  return true;
}

void ConnectionTable::End(const ConnectionPtr& connection) {
  shutdown(connection->socket.get(), SHUT_RDWR);
  Forget(connection);
}

void ConnectionTable::Forget(const ConnectionPtr& connection) {
  const auto it = connections_.find(connection->name);
  if (it == connections_.end() || it->second != connection) return;
  Drop(of_place_, connection->place);
  if (connection->user) {
    const auto of_user = of_user_.find(*connection->user);
    if (--of_user->second == 0) of_user_.erase(of_user);
  }
  by_number_.erase(connection->number);
  connections_.erase(it);
}

void ConnectionTable::Closed(uint64_t number) {
  ConnectionPtr gone;  // Its descriptor is closed without the lock.
  const std::lock_guard lock(mutex_);
  const auto it = by_number_.find(number);
  if (it == by_number_.end()) return;
  gone = it->second;
  Forget(gone);
}

absl::Status ConnectionTable::Called(const std::string& connection, const Sid* user, size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto it = connections_.find(connection);
  if (it == connections_.end()) return absl::OkStatus();
  Connection& found = *it->second;
  found.taken += static_cast<int64_t>(bytes) + kCallOverhead;
  if (user == nullptr || found.user) {
    if (!found.over) return absl::OkStatus();
  } else {
    size_t& count = of_user_[*user];
    found.user = *user;
    found.over = ++count > limits_.per_identity;
    if (!found.over) return absl::OkStatus();
  }
  return error::LimitReached(absl::StrCat(
      "You have ", limits_.per_identity,
      " connections open. Close one before you open another, or make the calls on one of them."));
}

std::vector<ConnectionTable::Load> ConnectionTable::Loads() {
  std::vector<Load> loads;
  {
    const std::lock_guard lock(mutex_);
    loads.reserve(connections_.size());
    for (const auto& [name, connection] : connections_) {
      if (connection->over && ++connection->rounds > kFarewellRounds) {
        shutdown(connection->socket.get(), SHUT_RDWR);
      }
      loads.push_back(
          {connection, connection->user ? connection->user->ToString() : connection->place});
    }
  }
  for (Load& load : loads) {
    Connection& connection = *load.connection;
    const int64_t left = Arrived(connection.socket.get()) - connection.taken;
    // Calls may have taken more than they cost: that is no credit for later.
    connection.floor = std::min(connection.floor, left);
    load.bytes = left - connection.floor;
  }
  return loads;
}

void ConnectionTable::EndUnfinished() {
  std::vector<Load> loads = Loads();
  absl::flat_hash_map<std::string, int64_t> of_caller;
  int64_t all = 0;
  for (const Load& load : loads) {
    of_caller[load.caller] += load.bytes;
    all += load.bytes;
  }
  while (!loads.empty()) {
    const auto worst =
        std::max_element(of_caller.begin(), of_caller.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (worst->second <= limits_.unfinished_per_caller && all <= limits_.unfinished) return;
    auto most = loads.end();
    for (auto it = loads.begin(); it != loads.end(); ++it) {
      if (it->caller != worst->first) continue;
      if (most == loads.end() || it->bytes > most->bytes) most = it;
    }
    if (most == loads.end() || most->bytes == 0) return;
    {
      const std::lock_guard lock(mutex_);
      End(most->connection);
    }
    worst->second -= most->bytes;
    all -= most->bytes;
    loads.erase(most);
  }
}

size_t ConnectionTable::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

uint64_t ConnectionTable::arrived() const {
  const std::lock_guard lock(mutex_);
  return arrived_;
}

bool ConnectionTable::Has(const std::string& connection) const {
  const std::lock_guard lock(mutex_);
  return connections_.contains(connection);
}

}  // namespace bitsd::rpc
