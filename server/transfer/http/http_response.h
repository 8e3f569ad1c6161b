// The head of an HTTP response: parsed from hostile bytes, bounded, only the fields we need.
//
// Thread safety: values; a parser belongs to one thread.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_RESPONSE_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace bitsd {

/// Fields as they came, folded lines unfolded. Of a field that came several times with different
/// values all are here, with commas between them: what must be single is then malformed. Lengths
/// that are the same are one.
struct HttpResponse {
  int status = 0;  ///< Three digits; 0: the status line has none.
  std::string content_length;
  std::string content_range;
  std::string content_type;
  std::string content_encoding;
  std::string transfer_encoding;
  std::string accept_ranges;
  std::string etag;
  std::string last_modified;
  std::string date;
  std::string retry_after;
  std::string location;
  bool two_locations = false;  ///< Different ones.
  /// A field that frames the body is on two lines, or has a blank before its colon: HTTP libraries
  /// read that in two ways.
  bool odd_frame = false;
  absl::Time received = absl::InfinitePast();  ///< When, by our clock.
};

/// "bytes FIRST-LAST/TOTAL"; TOTAL is unset for "*".
struct ContentRange {
  uint64_t first = 0;
  uint64_t last = 0;
  std::optional<uint64_t> total;
};

/// Unset unless `text` is exactly that, with FIRST <= LAST < TOTAL.
std::optional<ContentRange> ParseContentRange(std::string_view text);

/// Decimal digits only, at most 2^63 - 1: what a file can be.
std::optional<uint64_t> ParseFileSize(std::string_view text);

/// The size in "bytes */SIZE", or unset.
std::optional<uint64_t> ParseUnsatisfiedRange(std::string_view text);

/// Takes the lines of a response head one by one, skipping interim (1xx) responses. It sees lines,
/// folds and the end of the head where curl sees them.
class HttpHeadParser {
 public:
  static constexpr size_t kMaxLines = 256;
  static constexpr size_t kMaxBytes = size_t{64} << 10;

  enum class Step {
    kMore,      ///< More lines to come.
    kComplete,  ///< response() is the final response's head.
    kTrailer,   ///< A line after the head; ignored.
    kTooLarge,  ///< Over the bounds: refuse the response.
  };

  Step Add(std::string_view line);
  const HttpResponse& response() const { return response_; }

 private:
  using Member = std::string HttpResponse::*;

  void AddStatusLine(std::string_view line);
  void AddField(std::string_view line);
  void Unfold(std::string_view line);
  void JoinLengths();
  Step EndOfHead();

  HttpResponse response_;
  bool has_status_line_ = false;
  Member last_ = nullptr;  ///< The field of the line before, if it is one of ours.
  size_t lines_ = 0;
  size_t bytes_ = 0;
  bool complete_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_RESPONSE_H_
