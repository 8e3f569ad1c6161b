// Sets of trust roots, compared certificate by certificate.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_IDENTITY_TRUST_ROOTS_H_
#define BITSD_SERVER_IDENTITY_TRUST_ROOTS_H_

#include <string_view>

namespace bitsd {

/// True when every certificate of `before` (PEM) is in `after` too: nobody is believed less than
/// before. Order, repetition and text between the certificates do not matter.
bool KeepsAllRoots(std::string_view before, std::string_view after);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_TRUST_ROOTS_H_
