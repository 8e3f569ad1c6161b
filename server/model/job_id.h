// Job ids: random UUIDs. Thread safety: a value.

#ifndef BITSD_SERVER_MODEL_JOB_ID_H_
#define BITSD_SERVER_MODEL_JOB_ID_H_

#include <string_view>

#include "server/base/uuid.h"

namespace bitsd {

struct JobIdKind {
  static constexpr std::string_view kField = "job_id";
};
using JobId = UuidOf<JobIdKind>;

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_JOB_ID_H_
