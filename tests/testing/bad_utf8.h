// Texts that are not UTF-8, of every kind.
//
// Thread safety: constants.

#ifndef BITSD_TESTS_TESTING_BAD_UTF8_H_
#define BITSD_TESTS_TESTING_BAD_UTF8_H_

#include <string>

namespace bitsd::tests {

inline const std::string kBadUtf8[] = {
    "\x80",              // A continuation byte alone.
    "\xC3",              // Cut short.
    "\xE2\x82",          // Cut short.
    "\xF0\x9F\x98",      // Cut short.
    "\xC0\xAF",          // Overlong slash.
    "\xE0\x80\xAF",      // Overlong slash.
    "\xF0\x80\x80\xAF",  // Overlong slash.
    "\xC0\x80",          // Overlong NUL.
    "\xED\xA0\x80",      // Surrogate.
    "\xED\xBF\xBF",      // Surrogate.
    "\xF4\x90\x80\x80",  // Over U+10FFFF.
    "\xF8\x88\x80\x80\x80",
    "\xFE",
    "\xFF",
    "\xC3\x28",
    "\xE2\x28\xA1",
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_BAD_UTF8_H_
