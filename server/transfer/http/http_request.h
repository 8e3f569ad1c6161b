// HTTP GETs, one after the other, over the connections of one security context.
//
// One easy handle is used again for every request. Nothing of the environment counts: no proxy, no
// netrc, no redirects followed (the caller judges each and asks again), TLS verified as TlsTrust
// says, and every address is judged before it is connected to. Cookies are kept for one chain of
// requests (cookie_jar.h). Names are resolved before curl is asked (resolver.h), in places of the
// job's owner: curl itself never resolves any.
//
// A request shows what it is given and nothing else: curl answers a challenge by itself only with
// the one scheme and login it was given, and no more than a few times. What it leaves unanswered is
// the listener's to judge.
//
// Thread safety: the engine's thread only. Ownership: the listener must outlive the request.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_REQUEST_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_REQUEST_H_

#include <curl/curl.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/secret.h"
#include "server/identity/sid.h"
#include "server/policy/network_facts.h"
#include "server/transfer/common/transfer_options.h"
#include "server/transfer/common/weak_poster.h"
#include "server/transfer/http/connection_pool.h"
#include "server/transfer/http/cookie_jar.h"
#include "server/transfer/http/http_engine.h"
#include "server/transfer/http/http_response.h"
#include "server/transfer/http/tls_trust.h"

namespace bitsd {

/// What a request shows to a server or proxy that asks who it is.
struct HttpShown {
  std::optional<AuthScheme> scheme;  ///< Unset: nothing.
  std::string user;                  ///< With `password` for Basic, Digest and NTLM.
  Secret password;
  Secret token;  ///< For Negotiate: good for this request.
};

struct HttpGet {
  std::string url;
  uint64_t offset = 0;  ///< Over 0: Range from here on, with If-Range.
  std::string if_range;
  std::string proxy;             ///< "http://HOST:PORT/"; empty: none.
  bool with_certificate = true;  ///< The job's client certificate may be shown.
  HttpShown to_server;
  HttpShown to_proxy;
};

/// How a request ended, as far as the transport knows.
struct HttpEnd {
  CURLcode code = CURLE_OK;
  bool connected = false;  ///< A connection was made or there was one.
  bool head_too_large = false;
  bool head_too_slow = false;
  bool through_proxy = false;
  bool answered = false;           ///< Something of a head came.
  bool certificate_asked = false;  ///< The handshake of this request asked for one.
  absl::Status denied;             ///< Not OK: every address it might have used was refused.
  std::string detail;              ///< curl's words.
  int connect_status = 0;          ///< The proxy's answer to CONNECT; 0 without.
  uint32_t server_offers = 0;      ///< Schemes, as SchemeBit, that a 401 had.
  uint32_t proxy_offers = 0;       ///< And a 407.
};

enum class BodyStep {
  kTaken,
  kLater,  ///< Not taken: it is given again after Continue.
  kStop,   ///< The rest is not wanted.
};

/// Called inside curl, where no request may be started or cancelled; OnEnd is not.
class HttpListener {
 public:
  virtual void OnConnecting() = 0;
  virtual void OnSending(std::string_view address) = 0;
  /// False: the body is not wanted, and the connection need not be kept.
  virtual bool OnHead(const HttpResponse& response) = 0;
  virtual BodyStep OnBody(std::string_view data) = 0;
  virtual void OnEnd(const HttpEnd& end) = 0;

 protected:
  ~HttpListener() = default;
};

class HttpRequest final : private CurlClient {
 public:
  /// `options` must outlive it. Connections are those of `context` and what it says of
  /// the request: no other context may use them. Names are asked for in places of `owner`.
  HttpRequest(HttpEngine& engine, const TransferOptions& options, const Sid& owner,
              std::string context, TlsTrust trust, HttpListener& listener);
  ~HttpRequest();
  HttpRequest(const HttpRequest&) = delete;
  HttpRequest& operator=(const HttpRequest&) = delete;

  /// The requests that follow are for another file: what servers set so far is forgotten.
  void BeginChain() { cookies_.Clear(); }
  /// A server of this chain set cookies.
  bool cookies_set() const { return cookies_.asked(); }
  /// Starts a request; the one before must have ended. OnEnd may run at once.
  void Start(const HttpGet& get);
  /// Takes up the body again after BodyStep::kLater.
  void Continue();

 private:
  static int BeforeResolving(void* resolver, void* reserved, void* self);
  static curl_socket_t OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int BeforeSending(void* self, char* remote, char* local, int remote_port, int local_port);
  static int Progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
  static size_t HeadLine(char* data, size_t size, size_t count, void* self);
  static size_t BodyData(char* data, size_t size, size_t count, void* self);

  void SetFixedOptions();
  void SetLimits();
  void SetCallbacks();
  void SetPlace(const HttpGet& get);
  void SetHeaders(const HttpGet& get);
  void SetLogins(const HttpGet& get);
  void FreeHeaders();
  void ForgetShown();
  void Resolve(const HttpGet& get);
  void Ask(const std::string& name);
  void OnResolved(const absl::StatusOr<Addresses>& addresses);
  void OnLookUpTooSlow();
  void ForgetQuestion();
  void Connect(const Addresses& addresses);
  void FailToStart(CURLcode code, std::string detail);
  bool OnHeadComplete();
  bool CountChallenge();
  bool DeliverHead();
  void ReadOffers();
  void OnCurlDone(CURLcode code) override;
  void Detach();

  HttpEngine& engine_;
  const TransferOptions& options_;
  const Sid owner_;
  const std::string context_;
  HttpListener& listener_;
  TlsTrust trust_;
  CookieJar cookies_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;        ///< For the server.
  curl_slist* proxy_headers_ = nullptr;  ///< For the proxy.
  std::string place_;                    ///< Whom the handle's state is of.
  bool trusted_ = false;                 ///< The handle verifies as it must.
  curl_slist* addresses_ = nullptr;      ///< Of the host that is connected to, for curl.
  ConnectionPool* pool_ = nullptr;       // Set while curl has the request.
  std::array<char, CURL_ERROR_SIZE> error_{};

  // Of the request under way.
  std::string pool_name_;
  std::string host_;  ///< Who is connected to, as the URL of server or proxy has it.
  uint16_t port_ = 0;
  bool needs_no_look_up_ = false;       ///< The host is an address, or localhost.
  std::shared_ptr<WeakPoster> poster_;  ///< Set while a name is asked for, as the next two are.
  uint64_t question_ = 0;
  Executor::Delayed patience_;
  HttpHeadParser head_;
  HttpEnd end_;
  bool address_tried_ = false;
  bool answers_401_ = false;  ///< By curl itself.
  bool answers_407_ = false;
  int challenges_ = 0;
  bool undecided_ = false;  ///< A challenge that curl may answer yet: its head was not delivered.
  std::optional<SteadyTime> head_deadline_;  ///< Set while the head is awaited.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_REQUEST_H_
