#include "server/transfer/http/http_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bitsd {
namespace {

/// The largest that curl takes: fewer system calls.
constexpr long kReceiveBuffer = 512L * 1024;

long Seconds(absl::Duration duration) {
  return std::max<long>(
      1, static_cast<long>(absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)))));
}

}  // namespace

HttpRequest::HttpRequest(HttpEngine& engine, const TransferOptions& options, std::string context,
                         HttpListener& listener)
    : engine_(engine),
      options_(options),
      context_(std::move(context)),
      listener_(listener),
      easy_(curl_easy_init()) {
  SetFixedOptions();
  SetTrust();
}

HttpRequest::~HttpRequest() {
  Detach();
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

void HttpRequest::SetFixedOptions() {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, static_cast<CurlClient*>(this));
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // Cancelling must not wait for a name server: a resolver thread is left behind instead.
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, "bitsd/" BITSD_VERSION);
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
  curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_TIME, Seconds(options_.stall_timeout));
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &HttpRequest::OpenSocket);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &HttpRequest::BeforeSending);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy_, CURLOPT_XFERINFOFUNCTION, &HttpRequest::Progress);
  curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &HttpRequest::HeadLine);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &HttpRequest::BodyData);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

void HttpRequest::SetTrust() {
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (options_.ca_file.empty()) return;
  curl_easy_setopt(easy_, CURLOPT_CAINFO, options_.ca_file.c_str());
  curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
}

void HttpRequest::Start(const HttpGet& get) {
  head_ = HttpHeadParser{};
  end_ = HttpEnd{};
  address_tried_ = false;
  head_deadline_.reset();
  error_[0] = '\0';
  curl_slist_free_all(headers_);
  headers_ = curl_slist_append(nullptr, "Accept-Encoding: identity");
  if (get.offset > 0) {
    headers_ = curl_slist_append(headers_, absl::StrCat("Range: bytes=", get.offset, "-").c_str());
    headers_ = curl_slist_append(headers_, absl::StrCat("If-Range: ", get.if_range).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy_, CURLOPT_URL, get.url.c_str());
  pool_ = &engine_.PoolFor(context_);
  if (pool_->Add(easy_) == CURLM_OK) return;
  pool_ = nullptr;
  HttpEnd end;
  end.code = CURLE_OUT_OF_MEMORY;
  end.detail = "no more requests can be made just now";
  listener_.OnEnd(end);  // It may destroy this object.
}

void HttpRequest::Continue() {
  if (pool_ != nullptr) curl_easy_pause(easy_, CURLPAUSE_CONT);
}

void HttpRequest::Detach() {
  if (pool_ != nullptr) std::exchange(pool_, nullptr)->Remove(easy_);
}

void HttpRequest::OnCurlDone(CURLcode code) {
  Detach();
  end_.code = code;
  // What curl says to a line that is longer than it takes.
  if (code == CURLE_OUT_OF_MEMORY && head_deadline_) end_.head_too_large = true;
  end_.detail = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
  if (address_tried_ || end_.connected) end_.denied = absl::OkStatus();
  const HttpEnd end = std::exchange(end_, HttpEnd{});
  listener_.OnEnd(end);
}

curl_socket_t HttpRequest::OpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto* request = static_cast<HttpRequest*>(self);
  absl::Status allowed = policy::CheckAddress(
      &address->addr, static_cast<socklen_t>(address->addrlen), request->options_.remote_rules);
  if (!allowed.ok()) {
    request->end_.denied = std::move(allowed);
    return CURL_SOCKET_BAD;
  }
  request->address_tried_ = true;
  request->listener_.OnConnecting();
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int HttpRequest::BeforeSending(void* self, char* remote, char*, int remote_port, int) {
  auto* request = static_cast<HttpRequest*>(self);
  request->end_.connected = true;
  request->head_deadline_ = std::chrono::steady_clock::now() +
                            absl::ToChronoMilliseconds(request->options_.stall_timeout);
  const bool is_v6 = std::string_view(remote).find(':') != std::string_view::npos;
  request->listener_.OnSending(is_v6 ? absl::StrCat("[", remote, "]:", remote_port)
                                     : absl::StrCat(remote, ":", remote_port));
  return CURL_PREREQFUNC_OK;
}

// A head that comes byte by byte never stalls: it has as long as a server may be silent. Called
// about once a second.
int HttpRequest::Progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto* request = static_cast<HttpRequest*>(self);
  if (!request->head_deadline_ || std::chrono::steady_clock::now() < *request->head_deadline_) {
    return 0;
  }
  request->end_.head_too_slow = true;
  return 1;
}

size_t HttpRequest::HeadLine(char* data, size_t size, size_t count, void* self) {
  auto* request = static_cast<HttpRequest*>(self);
  const size_t length = size * count;
  switch (request->head_.Add({data, length})) {
    case HttpHeadParser::Step::kMore:
    case HttpHeadParser::Step::kTrailer: return length;
    case HttpHeadParser::Step::kComplete:
      request->head_deadline_.reset();
      return request->listener_.OnHead(request->head_.response()) ? length : 0;
    case HttpHeadParser::Step::kTooLarge: break;
  }
  request->end_.head_too_large = true;
  return 0;
}

size_t HttpRequest::BodyData(char* data, size_t size, size_t count, void* self) {
  const size_t length = size * count;
  switch (static_cast<HttpRequest*>(self)->listener_.OnBody({data, length})) {
    case BodyStep::kTaken: return length;
    case BodyStep::kLater: return CURL_WRITEFUNC_PAUSE;
    case BodyStep::kStop: break;
  }
  return 0;
}

}  // namespace bitsd
