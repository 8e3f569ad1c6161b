// Names of temporary files. Thread safety: any thread.

#ifndef BITSD_SERVER_TRANSFER_FILES_TEMPORARY_NAMES_H_
#define BITSD_SERVER_TRANSFER_FILES_TEMPORARY_NAMES_H_

#include <string>
#include <string_view>

namespace bitsd {

/// A new random name next to `destination`: DIRECTORY/.BIT<16 hex digits>.tmp.
std::string TemporaryNameFor(std::string_view destination);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_TEMPORARY_NAMES_H_
