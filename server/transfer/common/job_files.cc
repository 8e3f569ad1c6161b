#include "server/transfer/common/job_files.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

/// "OK", the rule that refused, or what failed.
std::string ResultOf(const absl::Status& status) {
  if (status.ok()) return "OK";
  const ErrorDetail detail = DetailOf(status);
  if (!detail.rule.empty()) return detail.rule;
  if (detail.hresult != Hresult::kOk) return HresultName(static_cast<uint32_t>(detail.hresult));
  return absl::StatusCodeToString(status.code());
}

}  // namespace

void JobFiles::Note(std::string_view event, const ActingIdentity& who, const std::string& path,
                    const absl::Status& status, size_t count) const {
  AuditEvent entry{event, {{"job", job_.ToString()}, {"owner_sid", owner_.ToString()}}};
  entry.fields.emplace_back("acting_sid", who.sid.ToString());
  entry.fields.emplace_back("role", who.is_helper ? "helper" : "owner");
  entry.fields.emplace_back("uid", absl::StrCat(who.posix.uid));
  entry.fields.emplace_back("path", path);
  if (count > 1) entry.fields.emplace_back("count", absl::StrCat(count));
  entry.fields.emplace_back("result", ResultOf(status));
  audit_.Write(std::move(entry));
}

absl::Status JobFiles::CheckDirectory(const ActingIdentity& who,
                                      const std::string& directory) const {
  absl::Status status = broker_.CheckDirectory(who, directory);
  Write("directory_checked", who, directory, status);
  return status;
}

absl::Status JobFiles::CheckDirectories(const CheckTask& task,
                                        const std::function<bool()>& goes_on) const {
  std::map<std::string, std::vector<std::string>> names;
  for (const std::string& path : task.destinations) {
    names[policy::DirectoryOf(path)].push_back(path.substr(path.rfind('/') + 1));
  }
  absl::Status status;
  size_t count = 0;
  while (status.ok() && count < task.directories.size() && goes_on()) {
    const std::string& directory = task.directories[count++];
    status = CheckFolder(task.local, directory, names[directory], goes_on);
  }
  // A caller names as many as it likes: a line for each would fill the log.
  if (count > 0) {
    Note("directory_checked", task.local, task.directories[count - 1], status, count);
  }
  return status;
}

absl::Status JobFiles::CheckFolder(const ActingIdentity& who, const std::string& directory,
                                   const std::vector<std::string>& names,
                                   const std::function<bool()>& goes_on) const {
  if (names.empty()) return broker_.CheckDirectory(who, directory);
  absl::Status status;
  for (auto next = names.begin(); status.ok() && next != names.end() && goes_on();) {
    const auto left = static_cast<size_t>(names.end() - next);
    const auto end = next + static_cast<ptrdiff_t>(std::min(left, FileBroker::kMaxTogether));
    status = broker_.CheckDestinations(who, directory, {next, end});
    next = end;
  }
  return status;
}

absl::Status JobFiles::CheckDestinations(const ActingIdentity& who,
                                         const std::vector<std::string>& paths) const {
  const std::string directory = policy::DirectoryOf(paths.front());
  std::vector<std::string> names;
  names.reserve(paths.size());
  for (const std::string& path : paths) names.push_back(path.substr(path.rfind('/') + 1));
  absl::Status status = broker_.CheckDestinations(who, directory, names);
  if (!status.ok()) Write("directory_checked", who, directory, status);
  return status;
}

absl::Status JobFiles::Create(const ActingIdentity& who, const std::vector<std::string>& paths,
                              std::vector<OpenTemporary>* created) const {
  absl::Status status = broker_.CreateTemporaries(who, paths, created);
  for (size_t i = 0; i < created->size(); ++i) {
    Write("temporary_created", who, paths[i], absl::OkStatus());
  }
  if (!status.ok()) Write("temporary_created", who, paths[created->size()], status);
  return status;
}

absl::StatusOr<UniqueFd> JobFiles::Reopen(const ActingIdentity& who,
                                          const TemporaryFile& file) const {
  auto fd = broker_.ReopenTemporary(who, file.path, file.id);
  Write("temporary_reopened", who, file.path, fd.status());
  return fd;
}

absl::Status JobFiles::Publish(const ActingIdentity& who, const std::vector<Publication>& files,
                               std::vector<uint32_t>* published) const {
  absl::Status status = broker_.PublishFiles(who, files, published);
  for (size_t i = 0; i < published->size(); ++i) {
    Write("file_published", who, files[i].destination, absl::OkStatus());
  }
  if (!status.ok()) Write("file_published", who, files[published->size()].destination, status);
  return status;
}

absl::Status JobFiles::Remove(const ActingIdentity& who, const TemporaryFile& file) const {
  absl::Status status = broker_.RemoveTemporary(who, file.path, file.id);
  Write("temporary_removed", who, file.path, status);
  return status;
}

absl::StatusOr<UniqueFd> JobFiles::OpenPem(const ActingIdentity& who,
                                           const std::string& path) const {
  auto fd = broker_.OpenPem(who, path);
  Write("certificate_opened", who, path, fd.status());
  return fd;
}

absl::StatusOr<OpenedSource> JobFiles::OpenSource(const ActingIdentity& who,
                                                  const std::string& path) const {
  auto source = broker_.OpenSource(who, path);
  Write("source_opened", who, path, source.status());
  return source;
}

absl::Status JobFiles::SyncDirectory(const ActingIdentity& who,
                                     const std::string& directory) const {
  absl::Status status = broker_.SyncDirectory(who, directory);
  if (!status.ok()) Write("directory_synced", who, directory, status);
  return status;
}

}  // namespace bitsd
