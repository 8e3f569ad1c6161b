// Strict UTF-8, for names that limits and rules count in characters.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_BASE_UTF8_H_
#define BITSD_SERVER_BASE_UTF8_H_

#include <optional>
#include <string>
#include <string_view>

namespace bitsd {

/// The code points of `text`, or nothing when it is not valid UTF-8: overlong forms, surrogates,
/// values over U+10FFFF and sequences cut short are not. Bound the length of `text` first.
std::optional<std::u32string> DecodeUtf8(std::string_view text);

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_UTF8_H_
