#include "server/job/calls/fingerprint.h"

#include <openssl/sha.h>

#include "absl/strings/str_cat.h"

namespace bitsd {

std::string FingerprintOf(const std::vector<std::string_view>& fields) {
  std::string text;
  for (std::string_view field : fields) {
    absl::StrAppend(&text, field.size(), ":", absl::string_view(field.data(), field.size()));
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace bitsd
