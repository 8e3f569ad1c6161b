#include "server/broker/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "server/broker/broker_link.h"
#include "server/broker/privileges.h"
#include "server/broker/wire/channel.h"

namespace bitsd {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kMinRestartDelay{100};
constexpr milliseconds kMaxRestartDelay{5000};
constexpr std::chrono::seconds kStartDeadline{60};
/// A broker that lived this long is restarted without further delay.
constexpr std::chrono::seconds kStable{10};
/// How often to look whether a server that was told to end has, and how often it may seem so.
constexpr milliseconds kEndLook{500};
constexpr int kEndLooks = 4;
constexpr int kForwarded[] = {SIGTERM, SIGINT, SIGHUP};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe MakePipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "bitsd: %s\n", message.c_str());
  return EXIT_FAILURE;
}

int ExitStatus(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// `pid` has ended, though perhaps not every thread of it: one that waits for a file system that
/// hangs cannot be ended, and keeps the others from being reaped.
bool HasExited(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  std::getline(file, stat);
  const size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat[name_end + 2] == 'Z';
}

bool IsForwarded(int signal) {
  return std::find(std::begin(kForwarded), std::end(kForwarded), signal) != std::end(kForwarded);
}

/// Runs the broker in the process forked for it.
[[noreturn]] void BrokerMain(const BrokerOptions& options, bool switching, pid_t supervisor,
                             UniqueFd channel, UniqueFd ready) {
  for (const int signal : kForwarded)
    ::signal(signal, SIG_IGN);  // It ends with the server; SIGHUP: Serve.
  privileges::KeepOnly({&channel, &ready});
  if (!switching) privileges::DropAllCapabilities();
  privileges::EndWith(supervisor);
  absl::StatusOr<Broker> broker = Broker::Make(options, switching);
  if (!broker.ok()) ::_exit(Fail("broker: " + std::string(broker.status().message())));
  if (::write(ready.get(), "", 1) != 1) ::_exit(EXIT_FAILURE);
  ready.Reset();
  broker->Serve(std::move(channel));
  ::_exit(EXIT_SUCCESS);
}

class Supervisor {
 public:
  Supervisor(const BrokerOptions& options, bool switching)
      : options_(options), switching_(switching) {}

  int Run(const std::function<int(UniqueFd)>& server_main);

 private:
  bool TakeSignals();
  void GiveSignalsBack() { ::sigprocmask(SIG_SETMASK, &original_mask_, nullptr); }
  bool StartBroker();
  bool AwaitBroker();
  bool StartServer(const std::function<int(UniqueFd)>& server_main);
  [[noreturn]] void ServerMain(const std::function<int(UniqueFd)>& server_main, UniqueFd control,
                               pid_t supervisor);
  void Watch();
  int PollTimeout() const;
  void HandleSignals();
  void Reap();
  void LookForEnd();
  void ScheduleRestart();
  void RestartBrokerIfDue();
  void OfferChannel();
  void EndBroker();

  BrokerOptions options_;
  const bool switching_;
  sigset_t original_mask_{};
  UniqueFd signals_;
  UniqueFd control_;  ///< Our end; the server has the other.
  UniqueFd channel_;  ///< The newest broker's, until the server has been sent it.
  UniqueFd ready_;  ///< Readable once the newest broker serves; ends when it did not come to that.
  pid_t broker_ = -1;
  pid_t server_ = -1;
  std::optional<int> server_status_;
  bool ending_ = false;   ///< The server was told to end.
  int exited_looks_ = 0;  ///< Looks at a server that has exited and could not be reaped.
  Clock::time_point broker_started_;
  std::optional<Clock::time_point> restart_at_;
  milliseconds restart_delay_ = kMinRestartDelay;
};

int Supervisor::Run(const std::function<int(UniqueFd)>& server_main) {
  if (!TakeSignals()) return Fail("cannot watch signals");
  if (!StartBroker() || !AwaitBroker()) {
    EndBroker();
    GiveSignalsBack();
    return Fail("the broker did not start");
  }
  const bool started = StartServer(server_main);
  if (started) Watch();
  EndBroker();
  GiveSignalsBack();
  return started ? ExitStatus(*server_status_) : Fail("cannot start the server");
}

bool Supervisor::TakeSignals() {
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  for (const int signal : kForwarded) ::sigaddset(&watched, signal);
  ::signal(SIGCHLD, SIG_DFL);  // Ignored, as it may be inherited, children could not be waited for.
  ::sigprocmask(SIG_BLOCK, &watched, &original_mask_);
  signals_.Reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  return signals_.valid();
}

bool Supervisor::StartBroker() {
  ChannelPair pair = MakeChannelPair();
  Pipe ready = MakePipe();
  if (!pair.first.valid() || !ready.read.valid()) return false;
  const pid_t supervisor = ::getpid();
  std::fflush(nullptr);  // Or both processes would write what is buffered.
  broker_ = ::fork();
  if (broker_ == 0) {
    GiveSignalsBack();
    BrokerMain(options_, switching_, supervisor, std::move(pair.second), std::move(ready.write));
  }
  broker_started_ = Clock::now();
  channel_ = std::move(pair.first);
  ready_ = std::move(ready.read);
  return broker_ > 0;
}

bool Supervisor::AwaitBroker() {
  char byte = 0;
  return WaitReadable(ready_.get(), Clock::now() + kStartDeadline) &&
         ::read(ready_.get(), &byte, 1) == 1;
}

bool Supervisor::StartServer(const std::function<int(UniqueFd)>& server_main) {
  ChannelPair pair = MakeChannelPair();
  if (!pair.first.valid()) return false;
  control_ = std::move(pair.first);
  const pid_t supervisor = ::getpid();
  std::fflush(nullptr);
  server_ = ::fork();
  if (server_ == 0) ServerMain(server_main, std::move(pair.second), supervisor);
  return server_ > 0;
}

void Supervisor::ServerMain(const std::function<int(UniqueFd)>& server_main, UniqueFd control,
                            pid_t supervisor) {
  GiveSignalsBack();
  for (UniqueFd* ours : {&signals_, &control_, &channel_, &ready_}) ours->Reset();
  privileges::DropAllCapabilities();
  privileges::EndWith(supervisor);
  const int status = server_main(std::move(control));
  std::fflush(nullptr);
  ::_exit(status);
}

void Supervisor::Watch() {
  while (!server_status_) {
    RestartBrokerIfDue();
    OfferChannel();
    pollfd entry{signals_.get(), POLLIN, 0};
    ::poll(&entry, 1, PollTimeout());
    HandleSignals();
    LookForEnd();
  }
}

void Supervisor::LookForEnd() {
  if (!ending_ || server_ <= 0) return;
  exited_looks_ = HasExited(server_) ? exited_looks_ + 1 : 0;
  if (exited_looks_ < kEndLooks) return;
  Fail("the server ended, but for threads that wait for a file system that does not answer");
  server_status_ = EXIT_SUCCESS;
}

int Supervisor::PollTimeout() const {
  if (ending_) return static_cast<int>(kEndLook.count());
  if (channel_.valid()) return static_cast<int>(kMinRestartDelay.count());
  if (!restart_at_) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*restart_at_ - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void Supervisor::HandleSignals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (IsForwarded(signal) && server_ > 0) ::kill(server_, signal);
    if (signal == SIGHUP && broker_ > 0) ::kill(broker_, signal);
    ending_ = ending_ || signal == SIGTERM || signal == SIGINT;
    if (signal == SIGCHLD) Reap();
  }
}

void Supervisor::Reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == server_) {
      server_status_ = status;
      server_ = -1;
    } else if (pid == broker_) {
      broker_ = -1;
      ScheduleRestart();
    }
  }
}

void Supervisor::ScheduleRestart() {
  const auto now = Clock::now();
  const bool stable = now - broker_started_ >= kStable;
  restart_delay_ = stable ? kMinRestartDelay : std::min(restart_delay_ * 2, kMaxRestartDelay);
  // Not at once: at the end of all, the broker may be seen to end before the server.
  restart_at_ = now + restart_delay_;
}

void Supervisor::RestartBrokerIfDue() {
  if (!restart_at_ || Clock::now() < *restart_at_) return;
  restart_at_.reset();
  Fail("the broker ended; it is started again");
  if (!StartBroker()) ScheduleRestart();
}

// A server that does not read has its control socket full: the newest channel is offered again.
void Supervisor::OfferChannel() {
  if (!channel_.valid()) return;
  const std::string hello = EncodeBrokerHello(switching_);
  if (TrySendPacket(control_.get(), hello, channel_.get()) != SendResult::kFull) channel_.Reset();
}

void Supervisor::EndBroker() {
  if (broker_ <= 0) return;
  ::kill(broker_, SIGKILL);
  ::waitpid(broker_, nullptr, 0);
  broker_ = -1;
}

/// Why these options do not do for a process started as root; empty when they do.
std::string CheckRunAs(const SupervisorOptions& options) {
  if (!options.run_as_uid || !options.run_as_gid) {
    return "started as root: set run_as (user and group) in the configuration, or start bitsd as "
           "another user with the ambient capabilities CAP_SETUID and CAP_SETGID";
  }
  if (!privileges::CanSwitchIdentity()) {
    return "started as root without CAP_SETUID and CAP_SETGID, which it needs to leave root: grant "
           "both, or start bitsd as another user";
  }
  if (*options.run_as_uid == 0 || *options.run_as_gid == 0) {
    return "run_as must be neither uid 0 nor gid 0: choose a user of bitsd's own";
  }
  return "";
}

}  // namespace

int RunSupervised(const SupervisorOptions& options,
                  const std::function<int(UniqueFd control)>& server_main) {
  if (::getuid() == 0 || ::geteuid() == 0) {
    if (const std::string why = CheckRunAs(options); !why.empty()) return Fail(why);
    privileges::LeaveRoot(*options.run_as_uid, *options.run_as_gid);
  }
  privileges::KeepIdentityCapabilitiesOnly();
  privileges::Harden();  // Inherited by every process that follows.
  const bool switching = privileges::CanSwitchIdentity();
  BrokerOptions broker = options.broker;
  // A bitsd that is nobody but itself is decided on by whoever may start it.
  if (!switching && !broker.trusted_owner) broker.trusted_owner = ::getuid();
  return Supervisor(broker, switching).Run(server_main);
}

}  // namespace bitsd
