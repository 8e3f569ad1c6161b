#include "server/transfer/http/connection_pool.h"

#include <sys/epoll.h>

namespace bitsd {

ConnectionPool::ConnectionPool(int epoll_fd, uint32_t id)
    : epoll_fd_(epoll_fd),
      id_(id),
      multi_(curl_multi_init()),
      last_request_(std::chrono::steady_clock::now()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &ConnectionPool::SocketChanged);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &ConnectionPool::TimerChanged);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

ConnectionPool::~ConnectionPool() { curl_multi_cleanup(multi_); }

CURLMcode ConnectionPool::Add(CURL* easy) {
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  if (code == CURLM_OK) ++requests_;
  return code;
}

void ConnectionPool::Remove(CURL* easy) {
  curl_multi_remove_handle(multi_, easy);
  --requests_;
  last_request_ = std::chrono::steady_clock::now();
}

std::optional<SteadyTime> ConnectionPool::idle_since() const {
  if (requests_ > 0) return std::nullopt;
  return last_request_;
}

void ConnectionPool::OnSocket(int socket, uint32_t epoll_events) {
  int events = 0;
  if ((epoll_events & EPOLLIN) != 0) events |= CURL_CSELECT_IN;
  if ((epoll_events & EPOLLOUT) != 0) events |= CURL_CSELECT_OUT;
  if ((epoll_events & (EPOLLERR | EPOLLHUP)) != 0) events |= CURL_CSELECT_IN | CURL_CSELECT_ERR;
  Act(socket, events);
}

void ConnectionPool::OnTimer() {
  deadline_.reset();
  Act(CURL_SOCKET_TIMEOUT, 0);
}

void ConnectionPool::Act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* client = nullptr;
    const CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &client);
    static_cast<CurlClient*>(static_cast<void*>(client))->OnCurlDone(code);
  }
}

int ConnectionPool::SocketChanged(CURL*, curl_socket_t socket, int what, void* pool,
                                  void* watched) {
  static_cast<ConnectionPool*>(pool)->Watch(socket, what, watched == nullptr);
  return 0;
}

void ConnectionPool::Watch(int socket, int what, bool is_new) {
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, socket, nullptr);
    curl_multi_assign(multi_, socket, nullptr);
    return;
  }
  epoll_event event{};
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  event.data.u64 = EventData(id_, socket);
  epoll_ctl(epoll_fd_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  curl_multi_assign(multi_, socket, this);
}

int ConnectionPool::TimerChanged(CURLM*, long milliseconds, void* pool) {
  auto& deadline = static_cast<ConnectionPool*>(pool)->deadline_;
  deadline.reset();
  if (milliseconds >= 0) {
    deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  }
  return 0;
}

}  // namespace bitsd
