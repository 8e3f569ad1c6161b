// Which version of a file a server speaks of: what it says of it, and whether two answers are of
// the same version.
//
// Thread safety: pure functions of values.

#ifndef BITSD_SERVER_TRANSFER_HTTP_FILE_SOURCE_H_
#define BITSD_SERVER_TRANSFER_HTTP_FILE_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "server/model/job_record.h"
#include "server/transfer/http/http_response.h"

namespace bitsd {

/// What an answer said of the file. Everything but the size only serves to go on after a break, and
/// is empty when it is missing, doubtful or too long.
struct FileSource {
  uint64_t size = kSizeUnknown;
  std::string etag;           ///< Strong.
  std::string last_modified;  ///< A date.
  bool strong_date = false;   ///< `last_modified` is a strong validator.
  std::string content_type;
  std::string content_encoding;  ///< A label: nothing is ever decoded.

  friend bool operator==(const FileSource&, const FileSource&) = default;
};

FileSource SourceOf(const HttpResponse& response, uint64_t size);

/// `source` as it is kept, and back.
SourceVersion VersionOf(const FileSource& source);
FileSource SourceOf(const SourceVersion& version, uint64_t size);

/// There is a validator that a range may be asked for with.
bool HasValidator(const FileSource& source);

enum class SameVersion {
  kProven,   ///< A strong validator is the same.
  kAssumed,  ///< Nothing speaks against it.
  kByDate,   ///< The ETag is another; size and strong date are the same.
  kNo,
};

/// Is `response`, of a file of `size` bytes, of the version that `had` is of?
SameVersion Compare(const FileSource& had, const HttpResponse& response,
                    std::optional<uint64_t> size);

/// `response` has the look of something else than the file, such as the login page of a network: of
/// another size, and a page though the file was none, or without any of the validators that the
/// file had and not of its type.
bool LooksForeign(const FileSource& had, const HttpResponse& response, uint64_t size);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_FILE_SOURCE_H_
