#include "server/transfer/http/cookie_jar.h"

#include <string.h>

#include <memory>

#include "server/policy/url.h"

namespace bitsd {
namespace {

/// Switches the engine off, and leaves the share.
void Detach(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_COOKIEFILE, nullptr);
  curl_easy_setopt(easy, CURLOPT_SHARE, nullptr);
}

bool SetsCookies(CURL* easy) {
  curl_header* header = nullptr;
  return curl_easy_header(easy, "Set-Cookie", 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
}

}  // namespace

void CookieJar::Clear() {
  hosts_.clear();
  asked_ = false;
}

void CookieJar::Enter(CURL* easy, const std::string& url) {
  Detach(easy);
  share_.reset(curl_share_init());
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
  curl_easy_setopt(easy, CURLOPT_SHARE, share_.get());
  curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
  const absl::StatusOr<policy::Url> parsed = policy::ParseHop(url);
  host_ = parsed.ok() ? parsed->host : "";
  tls_ = parsed.ok() && parsed->scheme == policy::Scheme::kHttps;
  const auto found = hosts_.find(host_);
  if (found == hosts_.end()) return;
  if (found->second.from_tls && !tls_) {
    hosts_.erase(found);
    return;
  }
  Fill(found->second.lines);
}

void CookieJar::Fill(const std::vector<std::string>& lines) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> filler(curl_easy_init(),
                                                                   &curl_easy_cleanup);
  curl_easy_setopt(filler.get(), CURLOPT_SHARE, share_.get());
  for (const std::string& line : lines) {
    curl_easy_setopt(filler.get(), CURLOPT_COOKIELIST, line.c_str());
  }
}

void CookieJar::Leave(CURL* easy) {
  asked_ = asked_ || SetsCookies(easy);
  curl_slist* list = nullptr;
  curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &list);
  hosts_.erase(host_);
  if (list != nullptr && !host_.empty()) {
    Cookies& cookies = hosts_[host_];
    cookies.from_tls = tls_;
    for (const curl_slist* line = list; line != nullptr; line = line->next) {
      Keep(cookies, line->data);
    }
  }
  for (curl_slist* line = list; line != nullptr; line = line->next) {
    explicit_bzero(line->data, strlen(line->data));
  }
  curl_slist_free_all(list);
  Detach(easy);
  share_.reset();
}

void CookieJar::Keep(Cookies& cookies, const char* line) {
  size_t count = 0;
  size_t bytes = strlen(line);
  for (const auto& [host, kept] : hosts_) {
    count += kept.lines.size();
    for (const std::string& other : kept.lines) bytes += other.size();
  }
  if (count < kMaxCookies && bytes <= kMaxBytes) cookies.lines.emplace_back(line);
}

}  // namespace bitsd
