// Handles between people: a file that is new, private and ours, or a pipe.
//
// "-" is the standard stream. A file holds one line of 64 hexadecimal digits. Thread safety: pure
// functions on the file system.

#ifndef BITSD_CLIENT_CLI_HANDLE_FILE_H_
#define BITSD_CLIENT_CLI_HANDLE_FILE_H_

#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bitsd/client/handle.h"

namespace bits::cli {

/// Reads a handle; the file must be regular, the caller's own, and closed to everybody else.
absl::StatusOr<Handle> ReadHandle(const std::string& file, std::istream& in);

/// Writes a handle to a new file with mode 0600, or to `out`.
absl::Status WriteHandle(const std::string& file, const Handle& handle, std::ostream& out);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_HANDLE_FILE_H_
