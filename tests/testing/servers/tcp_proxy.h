// A TCP proxy on loopback that can do what networks do: cut connections, refuse them, go silent.
//
// Thread safety: all methods from any thread. Ownership: its sockets and its one thread, which the
// destructor ends.

#ifndef BITSD_TESTS_TESTING_SERVERS_TCP_PROXY_H_
#define BITSD_TESTS_TESTING_SERVERS_TCP_PROXY_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

namespace bitsd::tests {

class TcpProxy {
 public:
  /// Forwards connections to 127.0.0.1:`target`, a port that need not be open yet.
  explicit TcpProxy(uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  /// "127.0.0.1:PORT".
  std::string address() const;

  /// Open connections are cut, and new ones until Restore.
  void Cut() { mode_ = Mode::kCut; }
  /// On the connections that are open now nothing arrives any more, in either direction.
  void Silence() { silence_ = true; }
  /// New connections are accepted, and nothing ever arrives on them.
  void Hold() { mode_ = Mode::kHold; }
  void Restore() { mode_ = Mode::kForward; }

  /// Connections that were accepted so far, and forwarded or held.
  int accepted() const { return accepted_; }
  /// Connections that were refused so far.
  int refused() const { return refused_; }

 private:
  enum class Mode { kForward, kCut, kHold };
  struct Link {
    int client;
    int server;
    bool silent = false;
  };

  void Run();
  void Accept();
  /// False when the link is over.
  bool Forward(const Link& link);
  void Close(const Link& link);

  const uint16_t target_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::list<Link> links_;  ///< The thread's.
  std::atomic<Mode> mode_ = Mode::kForward;
  std::atomic<bool> silence_ = false;
  std::atomic<bool> stop_ = false;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> refused_ = 0;
  std::thread thread_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_TCP_PROXY_H_
