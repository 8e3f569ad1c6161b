#include "server/transfer/http/http_request.h"

#include <string.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/policy/challenge_rules.h"
#include "server/policy/host_rules.h"
#include "server/policy/url.h"

namespace bitsd {
namespace {

/// The largest that curl takes: fewer system calls.
constexpr long kReceiveBuffer = 512L * 1024;

/// Challenges that curl may answer by itself in one request: NTLM takes two, Digest one more when
/// its nonce is stale.
constexpr int kMaxChallenges = 4;

long Seconds(absl::Duration duration) {
  return std::max<long>(
      1, static_cast<long>(absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)))));
}

/// The scheme that curl answers with by itself; 0: none.
unsigned long CurlScheme(const HttpShown& shown) {
  if (!shown.scheme) return CURLAUTH_NONE;
  switch (*shown.scheme) {
    case AuthScheme::kBasic: return CURLAUTH_BASIC;
    case AuthScheme::kDigest: return CURLAUTH_DIGEST;
    case AuthScheme::kNtlm: return CURLAUTH_NTLM;
    case AuthScheme::kNegotiate:
    case AuthScheme::kPassport: break;
  }
  return CURLAUTH_NONE;
}

/// The schemes in a bit set of curl's.
uint32_t SchemesOf(long available) {
  const auto bits = static_cast<unsigned long>(available);
  uint32_t schemes = 0;
  if ((bits & CURLAUTH_BASIC) != 0) schemes |= policy::SchemeBit(AuthScheme::kBasic);
  if ((bits & CURLAUTH_DIGEST) != 0) schemes |= policy::SchemeBit(AuthScheme::kDigest);
  if ((bits & CURLAUTH_NTLM) != 0) schemes |= policy::SchemeBit(AuthScheme::kNtlm);
  if ((bits & CURLAUTH_NEGOTIATE) != 0) schemes |= policy::SchemeBit(AuthScheme::kNegotiate);
  return schemes;
}

/// The token of `shown`, if it has one, as header `name`.
curl_slist* AppendToken(curl_slist* list, const char* name, const HttpShown& shown) {
  if (shown.token.empty()) return list;
  std::string line = absl::StrCat(name, ": Negotiate ", absl::string_view(shown.token.c_str()));
  list = curl_slist_append(list, line.c_str());
  explicit_bzero(line.data(), line.size());
  return list;
}

/// Overwrites it first: it may hold a token.
void FreeList(curl_slist* list) {
  for (curl_slist* line = list; line != nullptr; line = line->next) {
    explicit_bzero(line->data, std::strlen(line->data));
  }
  curl_slist_free_all(list);
}

}  // namespace

HttpRequest::HttpRequest(HttpEngine& engine, const TransferOptions& options, const Sid& owner,
                         std::string context, TlsTrust trust, HttpListener& listener)
    : engine_(engine),
      options_(options),
      owner_(owner),
      context_(std::move(context)),
      listener_(listener),
      trust_(std::move(trust)),
      easy_(curl_easy_init()) {}

HttpRequest::~HttpRequest() {
  Detach();
  curl_easy_cleanup(easy_);
  FreeHeaders();
  curl_slist_free_all(addresses_);
}

void HttpRequest::SetFixedOptions() {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, static_cast<CurlClient*>(this));
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy_, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy_, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, "bitsd/" BITSD_VERSION);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
}

void HttpRequest::SetLimits() {
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
  curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_TIME, Seconds(options_.stall_timeout));
  // The address that was found is there for as long as a request may come to connect again.
  curl_easy_setopt(easy_, CURLOPT_DNS_CACHE_TIMEOUT,
                   Seconds(options_.connect_timeout) + Seconds(options_.stall_timeout) + 60);
}

void HttpRequest::SetCallbacks() {
  curl_easy_setopt(easy_, CURLOPT_RESOLVER_START_FUNCTION, &HttpRequest::BeforeResolving);
  curl_easy_setopt(easy_, CURLOPT_RESOLVER_START_DATA, this);
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

// What curl remembers of one server or proxy (the state of Digest, a login) is not for another.
void HttpRequest::SetPlace(const HttpGet& get) {
  const std::string origin = get.url.substr(0, get.url.find('/', get.url.find("://") + 3));
  std::string place = absl::StrCat(get.proxy, "|", origin, get.with_certificate ? "" : "|without");
  if (std::exchange(place_, place) == place) return;
  curl_easy_reset(easy_);
  SetFixedOptions();
  SetLimits();
  SetCallbacks();
  trusted_ = trust_.SetOn(easy_, get.with_certificate) == CURLE_OK;
  curl_easy_setopt(easy_, CURLOPT_PROXY, get.proxy.c_str());
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, get.proxy.empty() ? "*" : "");
}

void HttpRequest::SetHeaders(const HttpGet& get) {
  FreeHeaders();
  headers_ = curl_slist_append(nullptr, "Accept-Encoding: identity");
  if (get.offset > 0) {
    headers_ = curl_slist_append(headers_, absl::StrCat("Range: bytes=", get.offset, "-").c_str());
    headers_ = curl_slist_append(headers_, absl::StrCat("If-Range: ", get.if_range).c_str());
  }
  headers_ = AppendToken(headers_, "Authorization", get.to_server);
  proxy_headers_ = AppendToken(nullptr, "Proxy-Authorization", get.to_proxy);
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy_, CURLOPT_PROXYHEADER, proxy_headers_);
}

void HttpRequest::SetLogins(const HttpGet& get) {
  const unsigned long server = CurlScheme(get.to_server);
  const unsigned long proxy = CurlScheme(get.to_proxy);
  curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, server);
  curl_easy_setopt(easy_, CURLOPT_USERNAME, server != 0 ? get.to_server.user.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_PASSWORD, server != 0 ? get.to_server.password.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_PROXYAUTH, proxy);
  curl_easy_setopt(easy_, CURLOPT_PROXYUSERNAME, proxy != 0 ? get.to_proxy.user.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_PROXYPASSWORD,
                   proxy != 0 ? get.to_proxy.password.c_str() : nullptr);
  answers_401_ = server != 0;
  answers_407_ = proxy != 0;
  // NTLM is of the connection, which HTTP/2 knows nothing of.
  const bool old = server == CURLAUTH_NTLM;
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION,
                   static_cast<long>(old ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
}

void HttpRequest::FreeHeaders() {
  FreeList(std::exchange(headers_, nullptr));
  FreeList(std::exchange(proxy_headers_, nullptr));
}

void HttpRequest::Start(const HttpGet& get) {
  head_ = HttpHeadParser{};
  end_ = HttpEnd{};
  address_tried_ = false;
  trust_.ForgetAsked();
  undecided_ = false;
  challenges_ = 0;
  head_deadline_.reset();
  error_[0] = '\0';
  SetPlace(get);
  if (!trusted_) {
    return FailToStart(CURLE_OUT_OF_MEMORY, "the TLS library cannot verify as the job wants it");
  }
  SetHeaders(get);
  SetLogins(get);
  cookies_.Enter(easy_, get.url);
  end_.through_proxy = !get.proxy.empty();
  curl_easy_setopt(easy_, CURLOPT_URL, get.url.c_str());
  pool_name_ = absl::StrCat(context_, get.proxy, get.with_certificate ? "" : "|without");
  Resolve(get);
}

void HttpRequest::Resolve(const HttpGet& get) {
  const absl::StatusOr<policy::Url> place =
      policy::ParseHop(get.proxy.empty() ? get.url : get.proxy);
  if (!place.ok()) return FailToStart(CURLE_URL_MALFORMAT, "the URL has no host to connect to");
  host_ = place->host;
  port_ = place->port;
  const std::string name = policy::HostNameOf(*place);
  // curl takes addresses as they are, and knows where localhost is: but for the dot that may end
  // them, which makes them names for curl.
  const bool local = name == "localhost" || absl::EndsWith(name, ".localhost");
  needs_no_look_up_ = name == host_ && (place->literal || local);
  if (needs_no_look_up_) return Connect({});
  const Addresses* known =
      engine_.PoolFor(pool_name_).names().Find(host_, std::chrono::steady_clock::now());
  if (known != nullptr) return Connect(*known);
  Ask(place->literal ? name : host_);
}

void HttpRequest::Ask(const std::string& name) {
  listener_.OnConnecting();
  poster_ = std::make_shared<WeakPoster>(engine_);
  // Closed, the door lets nobody in: `this` is there for whoever comes through it.
  patience_ = engine_.PostAfter(
      std::chrono::milliseconds(absl::ToInt64Milliseconds(options_.connect_timeout)),
      [this] { OnLookUpTooSlow(); });
  question_ = engine_.resolver().Ask(
      owner_, name, [this, door = poster_](absl::StatusOr<Addresses> addresses) {
        door->Post([this, addresses = std::move(addresses)] { OnResolved(addresses); });
      });
}

void HttpRequest::OnResolved(const absl::StatusOr<Addresses>& addresses) {
  ForgetQuestion();
  if (addresses.ok()) {
    engine_.PoolFor(pool_name_)
        .names()
        .Remember(host_, *addresses, std::chrono::steady_clock::now());
    return Connect(*addresses);
  }
  FailToStart(end_.through_proxy ? CURLE_COULDNT_RESOLVE_PROXY : CURLE_COULDNT_RESOLVE_HOST,
              absl::StrCat("the name ", host_, " has no address that the system knows (",
                           addresses.status().message(), ")"));
}

void HttpRequest::OnLookUpTooSlow() {
  const bool in_line = engine_.resolver().GiveUp(question_);
  ForgetQuestion();
  FailToStart(end_.through_proxy ? CURLE_COULDNT_RESOLVE_PROXY : CURLE_COULDNT_RESOLVE_HOST,
              in_line ? absl::StrCat("the name ", host_,
                                     " was not asked for, as name servers do not answer for other "
                                     "jobs of this owner")
                      : absl::StrCat("no name server has answered for ", host_));
}

void HttpRequest::ForgetQuestion() {
  if (poster_ == nullptr) return;
  std::exchange(poster_, nullptr)->Close();
  engine_.Cancel(patience_);
  engine_.resolver().GiveUp(std::exchange(question_, 0));
}

void HttpRequest::Connect(const Addresses& addresses) {
  curl_slist_free_all(std::exchange(addresses_, nullptr));
  if (!addresses.empty()) {
    std::string text;
    for (const std::string& address : addresses) {
      const bool is_v6 = absl::StrContains(address, ':');
      absl::StrAppend(&text, text.empty() ? "" : ",", is_v6 ? "[" : "", address, is_v6 ? "]" : "");
    }
    addresses_ =
        curl_slist_append(nullptr, absl::StrCat("+", host_, ":", port_, ":", text).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_RESOLVE, addresses_);
  pool_ = &engine_.PoolFor(pool_name_);
  if (pool_->Add(easy_) == CURLM_OK) return;
  pool_ = nullptr;
  FailToStart(CURLE_OUT_OF_MEMORY, "no more requests can be made just now");
}

void HttpRequest::FailToStart(CURLcode code, std::string detail) {
  ForgetShown();
  HttpEnd end;
  end.code = code;
  end.through_proxy = end_.through_proxy;
  end.detail = std::move(detail);
  listener_.OnEnd(end);  // It may destroy this object.
}

void HttpRequest::Continue() {
  if (pool_ != nullptr) curl_easy_pause(easy_, CURLPAUSE_CONT);
}

void HttpRequest::Detach() {
  ForgetQuestion();
  if (pool_ == nullptr) return;
  std::exchange(pool_, nullptr)->Remove(easy_);
  ForgetShown();
}

// What a request showed does not stay behind, as far as curl lets go of it.
void HttpRequest::ForgetShown() {
  for (const CURLoption login : {CURLOPT_USERNAME, CURLOPT_PASSWORD, CURLOPT_PROXYUSERNAME,
                                 CURLOPT_PROXYPASSWORD, CURLOPT_HTTPHEADER, CURLOPT_PROXYHEADER}) {
    curl_easy_setopt(easy_, login, nullptr);
  }
  FreeHeaders();
}

void HttpRequest::OnCurlDone(CURLcode code) {
  // Nobody answered the challenge: it is what the server says, unless it never came to an end.
  if (undecided_ && !end_.head_too_slow) DeliverHead();
  ReadOffers();
  cookies_.Leave(easy_);
  Detach();
  end_.code = code;
  end_.certificate_asked = trust_.certificate_asked();
  // What curl says to a line that is longer than it takes.
  if (code == CURLE_OUT_OF_MEMORY && head_deadline_) end_.head_too_large = true;
  end_.detail = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
  if (address_tried_ || end_.connected) end_.denied = absl::OkStatus();
  const HttpEnd end = std::exchange(end_, HttpEnd{});
  listener_.OnEnd(end);
}

void HttpRequest::ReadOffers() {
  long connect = 0;
  long server = 0;
  long proxy = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &connect);
  curl_easy_getinfo(easy_, CURLINFO_HTTPAUTH_AVAIL, &server);
  curl_easy_getinfo(easy_, CURLINFO_PROXYAUTH_AVAIL, &proxy);
  end_.connect_status = static_cast<int>(connect);
  end_.server_offers = SchemesOf(server);
  end_.proxy_offers = SchemesOf(proxy);
}

// A look-up of curl's own would be a thread that nobody counts.
int HttpRequest::BeforeResolving(void*, void*, void* self) {
  return static_cast<HttpRequest*>(self)->needs_no_look_up_ ? 0 : 1;
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
  request->end_.answered = true;
  // curl has answered the challenge: this is the next response.
  if (request->undecided_ && std::string_view(data, length).starts_with("HTTP/")) {
    request->undecided_ = false;
    request->head_ = HttpHeadParser{};
  }
  switch (request->head_.Add({data, length})) {
    case HttpHeadParser::Step::kMore:
    case HttpHeadParser::Step::kTrailer: return length;
    case HttpHeadParser::Step::kComplete: return request->OnHeadComplete() ? length : 0;
    case HttpHeadParser::Step::kTooLarge: break;
  }
  request->end_.head_too_large = true;
  return 0;
}

bool HttpRequest::OnHeadComplete() {
  const int status = head_.response().status;
  const bool answered = (status == 401 && answers_401_) || (status == 407 && answers_407_);
  undecided_ = answered;
  // What curl answers by itself has no longer than a head: nobody else counts what comes with it.
  if (answered) return CountChallenge();
  head_deadline_.reset();
  return listener_.OnHead(head_.response());
}

bool HttpRequest::CountChallenge() {
  if (++challenges_ <= kMaxChallenges) return true;
  // A server that asks for ever gets a few answers.
  DeliverHead();
  return false;
}

bool HttpRequest::DeliverHead() {
  undecided_ = false;
  head_deadline_.reset();
  return listener_.OnHead(head_.response());
}

size_t HttpRequest::BodyData(char* data, size_t size, size_t count, void* self) {
  auto* request = static_cast<HttpRequest*>(self);
  const size_t length = size * count;
  // What curl answers, it reads the body of by itself.
  if (request->undecided_ && !request->DeliverHead()) return 0;
  switch (request->listener_.OnBody({data, length})) {
    case BodyStep::kTaken: return length;
    case BodyStep::kLater: return CURL_WRITEFUNC_PAUSE;
    case BodyStep::kStop: break;
  }
  return 0;
}

}  // namespace bitsd
