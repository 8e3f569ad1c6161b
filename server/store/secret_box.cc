#include "server/store/secret_box.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <utility>

#include "server/error/errors.h"

namespace bitsd {
namespace {

// What is sealed: one byte that says how, the nonce, the text, the tag.
constexpr char kFormat = 1;
constexpr size_t kNonceSize = 12;
constexpr size_t kTagSize = 16;
constexpr size_t kOverhead = 1 + kNonceSize + kTagSize;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

int Size(std::string_view text) { return static_cast<int>(text.size()); }

/// Key, nonce and associated data; null when the library fails.
CipherContext Begin(bool encrypt, const Secret& key, std::string_view nonce,
                    std::string_view context) {
  CipherContext cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool ready =
      cipher != nullptr &&
      EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key.view()), Bytes(nonce),
                        encrypt ? 1 : 0) == 1 &&
      EVP_CipherUpdate(cipher.get(), nullptr, &written, Bytes(context), Size(context)) == 1;
  if (!ready) cipher.reset();
  return cipher;
}

/// The text through the cipher; `out` has room for it.
bool Run(EVP_CIPHER_CTX* cipher, std::string_view in, unsigned char* out) {
  int written = 0;
  return EVP_CipherUpdate(cipher, out, &written, Bytes(in), Size(in)) == 1 && written == Size(in);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SecretBox>> SecretBox::Create(Secret key) {
  if (key.view().size() != kKeySize) {
    return error::InvalidArgument("the key of the store has exactly 32 bytes");
  }
  return std::shared_ptr<const SecretBox>(new SecretBox(std::move(key)));
}

std::optional<std::string> SecretBox::Seal(const Secret& plain, std::string_view context) const {
  std::string sealed(plain.view().size() + kOverhead, '\0');
  sealed[0] = kFormat;
  unsigned char* const nonce = Bytes(sealed) + 1;
  unsigned char* const text = nonce + kNonceSize;
  if (RAND_bytes(nonce, kNonceSize) != 1) return std::nullopt;
  const CipherContext cipher =
      Begin(true, key_, std::string_view(sealed).substr(1, kNonceSize), context);
  if (cipher == nullptr || !Run(cipher.get(), plain.view(), text)) return std::nullopt;
  unsigned char* const tag = text + plain.view().size();
  int written = 0;
  const bool done = EVP_CipherFinal_ex(cipher.get(), tag, &written) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, tag) == 1;
  if (!done) return std::nullopt;
  return sealed;
}

std::optional<Secret> SecretBox::Open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kOverhead || sealed[0] != kFormat) return std::nullopt;
  const std::string_view nonce = sealed.substr(1, kNonceSize);
  const std::string_view text = sealed.substr(1 + kNonceSize, sealed.size() - kOverhead);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  const CipherContext cipher = Begin(false, key_, nonce, context);
  std::string plain(text.size(), '\0');
  if (cipher == nullptr || !Run(cipher.get(), text, Bytes(plain))) return std::nullopt;
  unsigned char end[kTagSize];
  int written = 0;
  const bool whole =
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_CipherFinal_ex(cipher.get(), end, &written) == 1;
  std::optional<Secret> secret;
  if (whole) secret.emplace(plain);
  // Text that does not belong here is no more to be left behind than text that does.
  explicit_bzero(plain.data(), plain.size());
  return secret;
}

}  // namespace bitsd
