// The cookies of one file's chain of requests: redirects, challenges, and a file that starts again.
//
// Servers expect them within a chain: a page sets one and sends back to the file. libcurl's engine
// does the rules of RFC 6265 (path, Secure, expiry, prefixes); the jar hands it, for each request,
// what the same host set before, and takes it out again afterwards. So no cookie goes to another
// host, whatever its Domain says; nor, if it came by TLS, where there is none. It lives in memory,
// until the chain ends, and is bounded in number and bytes.
//
// A handle that has got many cookies in one answer takes none by CURLOPT_COOKIELIST until its next
// request is under way. So each request gets a share that another handle has filled.
//
// Thread safety: the engine's thread only. Ownership: a value of its request, whose handle is
// cleaned up first.

#ifndef BITSD_SERVER_TRANSFER_HTTP_COOKIE_JAR_H_
#define BITSD_SERVER_TRANSFER_HTTP_COOKIE_JAR_H_

#include <curl/curl.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bitsd {

class CookieJar {
 public:
  /// Of one chain, all hosts together; further cookies are dropped. libcurl takes 50 of one answer.
  static constexpr size_t kMaxCookies = 100;
  static constexpr size_t kMaxBytes = size_t{64} << 10;

  /// Gives `easy`, which is about to ask for `url`, what its host set before, and nothing else.
  void Enter(CURL* easy, const std::string& url);
  /// Takes what `easy` has once its request has ended.
  void Leave(CURL* easy);
  /// A new chain begins.
  void Clear();

  /// A server of this chain sent a Set-Cookie, taken or not.
  bool asked() const { return asked_; }

 private:
  struct Cookies {
    std::vector<std::string> lines;  ///< As libcurl writes and reads them.
    bool from_tls = false;
  };

  struct FreeShare {
    void operator()(CURLSH* share) const { curl_share_cleanup(share); }
  };

  void Fill(const std::vector<std::string>& lines);
  void Keep(Cookies& cookies, const char* line);

  std::unique_ptr<CURLSH, FreeShare> share_;  ///< Of the request under way.
  std::map<std::string, Cookies> hosts_;
  std::string host_;  ///< Of the request under way.
  bool tls_ = false;
  bool asked_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_COOKIE_JAR_H_
