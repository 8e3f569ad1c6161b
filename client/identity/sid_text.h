// The canonical text of a SID, and the SAN URI that carries one.
//
// The same spelling that the service accepts, checked here so that a typing error is named before
// anything is signed or sent. Thread safety: pure functions.

#ifndef BITSD_CLIENT_IDENTITY_SID_TEXT_H_
#define BITSD_CLIENT_IDENTITY_SID_TEXT_H_

#include <string_view>

namespace bits {

inline constexpr std::string_view kSidUriPrefix = "tag:microsoft.com,2022-09-14:sid:";

/// True for text such as "S-1-5-21-1-2-3-1001": no leading zeros, 1 to 15 sub-authorities below
/// 2^32, the authority decimal below 2^32, else 0x and 12 upper-case hexadecimal digits.
bool IsCanonicalSid(std::string_view text);

}  // namespace bits

#endif  // BITSD_CLIENT_IDENTITY_SID_TEXT_H_
