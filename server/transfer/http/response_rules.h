// What a server's answer means for a file: the table of docs/semantics.md, "Answers of a server".
//
// Only what frames the file is strict: length, range, transfer coding, and where a redirect leads.
// Everything else a server says is a hint: one that is in doubt is not used.
//
// Thread safety: pure functions of the request that was made and the head of the response.

#ifndef BITSD_SERVER_TRANSFER_HTTP_RESPONSE_RULES_H_
#define BITSD_SERVER_TRANSFER_HTTP_RESPONSE_RULES_H_

#include <cstdint>
#include <string>

#include "server/model/job_record.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/file_plan.h"
#include "server/transfer/http/file_source.h"
#include "server/transfer/http/http_response.h"

namespace bitsd {

/// What is asked of the server for one file.
struct RequestPlan {
  uint32_t index = 0;
  uint64_t offset = 0;  ///< Over 0: a range from here on, if the source is unchanged.
  FileSource source;    ///< What is known of it.
  FileHistory history;
  uint64_t kept = 0;     ///< Bytes of `source` that are here.
  bool by_date = false;  ///< The range is asked for by the date, as the ETag is another each time.
  /// In this attempt the whole file is asked for: the server's ranges cannot be used...
  bool no_ranges = false;
  bool trusted = false;  ///< ... but nothing was said against the bytes that are here.
};

/// So many attempts in a row may end with an answer that looks foreign; the next one is taken.
inline constexpr uint32_t kMaxDoubts = 3;

/// So many ranges in a row may end for the time being and with nothing of the file; then the file
/// is asked for without one.
inline constexpr uint8_t kMaxFruitless = 3;

/// How to go on with `file`. Ranges are asked for with a validator only.
RequestPlan PlanRequest(const FilePlan& file);

/// The same without a range, for the rest of this attempt. `trusted`: nothing was said against the
/// bytes that are here.
RequestPlan PlanWithoutRange(RequestPlan plan, bool trusted);

/// The validator for If-Range, or empty.
std::string ValidatorOf(const RequestPlan& plan);

/// The body that follows a response head.
struct ResponseBody {
  uint64_t offset = 0;          ///< In the file, of the first byte that is wanted.
  uint64_t skip = 0;            ///< Bytes of the body before that one.
  uint64_t end = kSizeUnknown;  ///< In the file, of the body. Before `source.size`: it is a part.
  FileSource source;
  FileHistory history;
  bool not_resumable = false;
  bool ends_by_length =
      false;  ///< The HTTP library does not see the end: what follows is not read.
};

/// How to go on behind `part` of the file, all of which is here.
RequestPlan PlanNextPart(uint32_t index, const ResponseBody& part);

struct ResponseVerdict {
  enum class Kind {
    kBody,      ///< `body` describes the file that follows.
    kRedirect,  ///< To the response's location; policy has still to judge it.
    kAgain,     ///< Ask again, as `again` says.
    kWhole,     ///< Nothing is missing.
    kFailure,
  };
  Kind kind = Kind::kFailure;
  ResponseBody body;
  RequestPlan again;
  TransferFailure failure;
  bool start_over = false;  ///< With kFailure: what is on the disk cannot be continued.
  bool doubtful = false;    ///< With kFailure: one more of FileHistory::doubts.
};

ResponseVerdict JudgeResponse(const RequestPlan& plan, const HttpResponse& response);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_RESPONSE_RULES_H_
