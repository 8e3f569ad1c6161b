// Which file of a job its error is about.
//
// Thread safety: pure but for the call to the service.

#ifndef BITSD_CLIENT_CLI_ERROR_FILE_H_
#define BITSD_CLIENT_CLI_ERROR_FILE_H_

#include <optional>
#include <string>

#include "bitsd/client/client.h"

namespace bits::cli {

/// None when the job has no error, the error is about no file, or the service does not tell.
std::optional<v1::File> FindErrorFile(const Client& client, const v1::Job& job);

/// "0: /srv/a from http://mirror.example/a".
std::string ErrorFileText(const v1::File& file);

/// StatusOfJob, which names the file too.
absl::Status StatusOfJob(const Client& client, const v1::Job& job);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_ERROR_FILE_H_
