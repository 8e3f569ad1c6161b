#include "server/broker/file_broker.h"

#include <utility>

namespace bitsd {

absl::StatusOr<OpenTemporary> FileBroker::CreateTemporary(const ActingIdentity& who,
                                                          const std::string& path) {
  std::vector<OpenTemporary> created;
  absl::Status status = CreateTemporaries(who, {path}, &created);
  if (!status.ok()) return status;
  return std::move(created.front());
}

absl::Status FileBroker::Publish(const ActingIdentity& who, const std::string& temporary, FileId id,
                                 const std::string& destination, absl::Time mtime) {
  std::vector<uint32_t> published;
  return PublishFiles(who, {{temporary, id, destination, mtime}}, &published);
}

}  // namespace bitsd
