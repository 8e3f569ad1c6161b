// The properties of a job by name, as bitsadmin's getters print them: the bare value.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_PROPERTIES_H_
#define BITSD_CLIENT_CLI_PROPERTIES_H_

#include <span>
#include <string>
#include <string_view>

#include "bits/v1/job.pb.h"

namespace bits::cli {

struct JobProperty {
  std::string_view name;       ///< "bytes-transferred".
  std::string_view bitsadmin;  ///< "getbytestransferred"; empty: bitsadmin has none, or it is a
                               ///< command of its own here.
  std::string (*get)(const v1::Job& job);
};

std::span<const JobProperty> JobProperties();

/// Their names.
std::span<const std::string_view> JobPropertyNames();

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_PROPERTIES_H_
