#include "server/base/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/absl_view.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr size_t kSealSize = 16;
constexpr size_t kMaxToken = 512;

}  // namespace

PageTokens::PageTokens() {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) std::abort();
}

absl::StatusOr<uint32_t> PageTokens::PageSize(uint32_t requested) {
  if (requested > kMaxSize) return error::InvalidArgument("page_size is at most 1,000");
  return requested == 0 ? kDefaultSize : requested;
}

std::string PageTokens::Make(std::string_view question, std::string_view position) const {
  return absl::WebSafeBase64Escape(absl::StrCat(Seal(question, position), ToAbsl(position)));
}

absl::StatusOr<std::string> PageTokens::Read(std::string_view question,
                                             std::string_view token) const {
  if (token.empty()) return std::string();
  std::string raw;
  const bool sane = token.size() <= kMaxToken && absl::WebSafeBase64Unescape(ToAbsl(token), &raw) &&
                    raw.size() > kSealSize;
  const std::string position = sane ? raw.substr(kSealSize) : "";
  if (!sane || CRYPTO_memcmp(raw.data(), Seal(question, position).data(), kSealSize) != 0) {
    return error::InvalidArgument(
        "page_token does not continue this question: start again without one");
  }
  return position;
}

std::string PageTokens::Seal(std::string_view question, std::string_view position) const {
  const std::string text = absl::StrCat(question.size(), ":", ToAbsl(question), ToAbsl(position));
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return std::string(reinterpret_cast<const char*>(digest.data()), kSealSize);
}

}  // namespace bitsd
