// The identity a client shows: certificate, private key and the roots it trusts, all PEM.
//
// A client reads its own certificate before it connects, because a handshake that the server
// refuses says nothing but "socket closed". Thread safety: a value; const calls may run at once.

#ifndef BITSD_CLIENT_IDENTITY_H_
#define BITSD_CLIENT_IDENTITY_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bitsd/client/export.h"

namespace bits {

struct BITS_EXPORT Identity {
  std::string certificate;  ///< The leaf first, then intermediates.
  std::string private_key;  ///< Secret; not encrypted.
  std::string roots;        ///< What the server's certificate must come from.

  /// The SID in the certificate: extension 1.3.6.1.4.1.311.25.2, else the SAN URI with a SID.
  absl::StatusOr<std::string> Sid() const;

  /// When the certificate ends.
  absl::StatusOr<std::chrono::system_clock::time_point> NotAfter() const;

  /// The subject as one line, such as "CN=alice".
  absl::StatusOr<std::string> Subject() const;

  /// OK, or FAILED_PRECONDITION that names what is wrong: not valid yet, expired, a key of another
  /// certificate, no SID, no roots.
  absl::Status Check(std::chrono::system_clock::time_point now) const;
};

/// Reads three PEM files; names the file that cannot be read. Does not Check.
BITS_EXPORT absl::StatusOr<Identity> LoadIdentity(const std::string& certificate_path,
                                                  const std::string& key_path,
                                                  const std::string& roots_path);

}  // namespace bits

#endif  // BITSD_CLIENT_IDENTITY_H_
