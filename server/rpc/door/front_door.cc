#include "server/rpc/door/front_door.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

// Numbers of events; those of connections begin at 1.
constexpr uint64_t kListener = 0;
constexpr uint64_t kWake = ~uint64_t{0};

constexpr int kRoundMilliseconds = 100;
constexpr int kPauseMilliseconds = 100;
constexpr absl::Duration kBetweenComplaints = absl::Minutes(1);
/// Connections taken before other events are looked at.
constexpr int kAtOnce = 64;

bool Watch(int events, int fd, uint32_t what, uint64_t number) {
  epoll_event event{};
  event.events = what;
  event.data.u64 = number;
  return epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) == 0;
}

/// The other side is gone already, or the network says so: no fault of ours.
bool IsOfConnection(int error) {
  return error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FrontDoor>> FrontDoor::Open(ListenSocket socket,
                                                           ConnectionTable& table, Take take) {
  std::unique_ptr<FrontDoor> door(new FrontDoor(std::move(socket), table, std::move(take)));
  const bool ready = door->events_.valid() && door->wake_.valid() &&
                     Watch(door->events_.get(), door->listener_.get(), EPOLLIN, kListener) &&
                     Watch(door->events_.get(), door->wake_.get(), EPOLLIN, kWake);
  if (!ready) return error::InvalidArgument("Cannot accept connections: no descriptors are left.");
  door->thread_ = std::thread([raw = door.get()] { raw->Run(); });
  return door;
}

FrontDoor::FrontDoor(ListenSocket socket, ConnectionTable& table, Take take)
    : listener_(std::move(socket.fd)),
      table_(table),
      take_(std::move(take)),
      events_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void FrontDoor::Close() {
  closing_ = true;
  const uint64_t one = 1;
  if (wake_.valid() && write(wake_.get(), &one, sizeof(one)) < 0) {
    // It is readable already.
  }
  if (thread_.joinable()) thread_.join();
  listener_.Reset();
}

void FrontDoor::Run() {
  using Steady = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kRound{kRoundMilliseconds};
  Steady::time_point last = Steady::now();
  while (!closing_) {
    Wait(table_.size() > 0 ? kRoundMilliseconds : -1);
    // Not with every connection that comes: it looks at all of them.
    if (Steady::now() - last < kRound) continue;
    table_.EndUnfinished();
    last = Steady::now();
  }
}

void FrontDoor::Wait(int patience) {
  std::array<epoll_event, kAtOnce> events;
  const int count = epoll_wait(events_.get(), events.data(), kAtOnce, patience);
  bool accept = false;
  for (int i = 0; i < count; ++i) {
    const uint64_t number = events[static_cast<size_t>(i)].data.u64;
    if (number == kListener) accept = true;
    if (number != kListener && number != kWake) table_.Closed(number);
  }
  // Last: what has ended made room.
  if (accept) AcceptWaiting();
}

void FrontDoor::AcceptWaiting() {
  for (int i = 0; i < kAtOnce && !closing_; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    UniqueFd connection(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                                SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) {
      Admit(std::move(connection), address);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (!IsOfConnection(errno)) {
      return Pause();
    }
  }
}

void FrontDoor::Admit(UniqueFd connection, const sockaddr_storage& address) {
  UniqueFd second(fcntl(connection.get(), F_DUPFD_CLOEXEC, 0));
  if (!second.valid()) return Pause();
  const int watched = second.get();
  const ConnectionTable::Admission admission =
      table_.Admit(PeerAddressOf(address), std::move(second));
  if (!admission.admitted) return;
  // Once, and only for the end: the descriptor may be closed here before it is elsewhere.
  if (!Watch(events_.get(), watched, EPOLLET | EPOLLONESHOT, admission.number)) {
    table_.Closed(admission.number);
    return;
  }
  take_(std::move(connection));
  // Those that were ended need a moment to be gone: the flood waits, not the descriptors.
  if (admission.another_ended) poll(nullptr, 0, 1);
}

void FrontDoor::Pause() {
  const int problem = errno;
  const absl::Time now = absl::Now();
  if (now - complained_ > kBetweenComplaints || now < complained_) {
    spdlog::error("connections cannot be accepted; trying again: {}", std::strerror(problem));
    complained_ = now;
  }
  pollfd wake{wake_.get(), POLLIN, 0};
  poll(&wake, 1, kPauseMilliseconds);
}

}  // namespace bitsd::rpc
