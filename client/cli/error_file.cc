#include "client/cli/error_file.h"

#include "client/cli/error_report.h"

namespace bits::cli {
namespace {

constexpr uint32_t kPage = 1000;

}  // namespace

std::optional<v1::File> FindErrorFile(const Client& client, const v1::Job& job) {
  if (!job.has_error() || !job.error().has_file_index()) return std::nullopt;
  v1::ListFilesRequest request;
  request.set_job_id(job.id());
  request.set_page_size(kPage);
  do {
    const auto page = client.ListFiles(request);
    if (!page.ok()) return std::nullopt;
    for (const v1::File& file : page->files()) {
      if (file.index() == job.error().file_index()) return file;
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return std::nullopt;
}

std::string ErrorFileText(const v1::File& file) {
  return std::to_string(file.index()) + ": " + file.local_name() + " from " + file.remote_name();
}

absl::Status StatusOfJob(const Client& client, const v1::Job& job) {
  absl::Status status = StatusOfJob(job);
  if (status.ok()) return status;
  const std::optional<v1::File> file = FindErrorFile(client, job);
  return file ? WithAdvice(status, "file " + ErrorFileText(*file)) : status;
}

}  // namespace bits::cli
