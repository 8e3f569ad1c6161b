// What a server's answer means for a file: the table of docs/semantics.md, "Answers of a server".
//
// Thread safety: pure functions of the request that was made and the head of the response.

#ifndef BITSD_SERVER_TRANSFER_HTTP_RESPONSE_RULES_H_
#define BITSD_SERVER_TRANSFER_HTTP_RESPONSE_RULES_H_

#include <cstdint>
#include <string>

#include "server/job/job_record.h"
#include "server/job/transfer_service.h"
#include "server/transfer/http/http_response.h"

namespace bitsd {

/// What is asked of the server for one file.
struct FilePlan {
  uint32_t index = 0;
  uint64_t offset = 0;  ///< Over 0: a range from here on, if the source is unchanged.
  uint64_t size = kSizeUnknown;
  std::string etag;
  std::string last_modified;
  bool no_ranges = false;  ///< The server's ranges cannot be used: they are not asked for again.
  uint32_t restarts = 0;   ///< As in FileProgress.
};

/// A source that changes more often than this while its file is downloaded ends the attempts.
inline constexpr uint32_t kMaxRestarts = 10;

/// How to go on with a file whose progress this is. Ranges are asked for with a validator only.
FilePlan PlanFile(uint32_t index, const FileProgress& progress);

/// The validator for If-Range, or empty.
const std::string& ValidatorOf(const FilePlan& plan);

/// The body that follows a response head.
struct ResponseBody {
  uint64_t offset = 0;
  uint64_t size = kSizeUnknown;  ///< Of the whole file.
  std::string etag;
  std::string last_modified;
  bool not_resumable = false;
  uint32_t restarts = 0;
};

struct ResponseVerdict {
  enum class Kind {
    kBody,      ///< `body` describes the file that follows.
    kRedirect,  ///< To the response's location; policy has still to judge it.
    kRestart,   ///< The source changed, or the range is of no use: ask again, for all, as `again`.
    kWhole,     ///< Nothing is missing.
    kFailure,
  };
  Kind kind = Kind::kFailure;
  ResponseBody body;
  FilePlan again;
  TransferFailure failure;
  bool start_over = false;  ///< With kFailure: what is on the disk cannot be continued.
};

ResponseVerdict JudgeResponse(const FilePlan& plan, const HttpResponse& response);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_RESPONSE_RULES_H_
