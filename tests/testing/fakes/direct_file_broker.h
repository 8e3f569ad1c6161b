// A file broker without a broker process: real files, opened as whoever runs the test.
//
// Thread safety: any thread; `before` is set before the broker is used. Ownership: none.

#ifndef BITSD_TESTS_TESTING_FAKES_DIRECT_FILE_BROKER_H_
#define BITSD_TESTS_TESTING_FAKES_DIRECT_FILE_BROKER_H_

#include <functional>
#include <string>
#include <vector>

#include "server/broker/file_broker.h"

namespace bitsd::tests {

class DirectFileBroker : public FileBroker {
 public:
  /// Runs before each operation ("create", "reopen", "look", "publish", "remove", "check", "read",
  /// "sync") with its path; an error takes the operation's place.
  std::function<absl::Status(const std::string& operation, const std::string& path)> before;

  absl::Status CheckDirectory(const ActingIdentity& who, const std::string& directory) override;
  absl::Status CheckDestinations(const ActingIdentity& who, const std::string& directory,
                                 const std::vector<std::string>& names) override;
  absl::Status CreateTemporaries(const ActingIdentity& who, const std::vector<std::string>& paths,
                                 std::vector<OpenTemporary>* created) override;
  absl::StatusOr<UniqueFd> ReopenTemporary(const ActingIdentity& who, const std::string& path,
                                           FileId id) override;
  absl::Status CheckTemporary(const ActingIdentity& who, const std::string& path, FileId id,
                              const std::string& destination, uint64_t size) override;
  absl::Status PublishFiles(const ActingIdentity& who, const std::vector<Publication>& files,
                            std::vector<uint32_t>* published) override;
  absl::Status RemoveTemporary(const ActingIdentity& who, const std::string& path,
                               FileId id) override;
  absl::StatusOr<UniqueFd> OpenPem(const ActingIdentity& who, const std::string& path) override;
  absl::StatusOr<OpenedSource> OpenSource(const ActingIdentity& who,
                                          const std::string& path) override;
  absl::Status SyncDirectory(const ActingIdentity& who, const std::string& directory) override;

 private:
  absl::Status Ask(const char* operation, const std::string& path) const;
  absl::Status Create(const std::string& path, std::vector<OpenTemporary>* created) const;
  absl::Status PublishOne(const ActingIdentity& who, const Publication& file) const;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_FAKES_DIRECT_FILE_BROKER_H_
