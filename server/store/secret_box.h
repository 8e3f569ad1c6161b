// Encrypts small secrets at rest: AES-256-GCM, each with a nonce of its own, each bound to what it
// belongs to.
//
// Thread safety: const methods from any thread. Ownership: owns its key, which is overwritten when
// it goes.

#ifndef BITSD_SERVER_STORE_SECRET_BOX_H_
#define BITSD_SERVER_STORE_SECRET_BOX_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/secret.h"

namespace bitsd {

class SecretBox {
 public:
  static constexpr size_t kKeySize = 32;

  /// E_INVALIDARG unless `key` has 32 bytes.
  static absl::StatusOr<std::shared_ptr<const SecretBox>> Create(Secret key);

  /// `plain`, encrypted; nothing when the library fails. It opens with the same `context` only.
  std::optional<std::string> Seal(const Secret& plain, std::string_view context) const;

  /// Nothing when it was changed, cut, sealed with another key or for another context.
  std::optional<Secret> Open(std::string_view sealed, std::string_view context) const;

 private:
  explicit SecretBox(Secret key) : key_(std::move(key)) {}

  const Secret key_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_SECRET_BOX_H_
