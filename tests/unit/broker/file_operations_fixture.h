// The operations of a worker, done by the test itself in a folder of its own.
//
// Thread safety: none. Ownership: owns the folder.

#ifndef BITSD_TESTS_UNIT_BROKER_FILE_OPERATIONS_FIXTURE_H_
#define BITSD_TESTS_UNIT_BROKER_FILE_OPERATIONS_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "server/broker/file_operations.h"
#include "tests/testing/file_facts.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {

inline constexpr char kTemporary[] = ".BIT0123456789abcdef.tmp";

class FileOperationsTest : public testing::Test {
 protected:
  FileOperationsTest() {
    ::umask(0);
    jobs_ = folder_.MakeFolder("jobs");
    SafePathOptions options;
    options.protected_paths = {folder_.MakeFile("jobs/key.pem", "secret"),
                               folder_.File("jobs/later")};
    paths_.emplace(*SafePaths::Make(options));
  }

  FileResult Do(wire::Operation operation, const std::string& path, FileId id = {},
                mode_t umask = 0) {
    wire::FileRequest request;
    request.operation = operation;
    request.path = path;
    request.id = id;
    request.umask = umask;
    return FileOperations(*paths_).Perform(request);
  }
  absl::Status Publish(FileId id, const std::string& destination, mode_t umask = 022,
                       absl::Time mtime = absl::InfinitePast(), uint64_t size = 0) {
    wire::FileRequest request;
    request.operation = wire::Operation::kPublish;
    request.path = temporary();
    request.id = id;
    request.destination = destination;
    request.umask = umask;
    request.mtime = mtime;
    request.size = size;
    return FileOperations(*paths_).Perform(request).status;
  }
  /// Whether the file could be published, or is in place.
  std::string Check(FileId id, const std::string& destination, mode_t umask = 022,
                    uint64_t size = 0) {
    wire::FileRequest request;
    request.operation = wire::Operation::kCheckTemporary;
    request.path = temporary();
    request.id = id;
    request.destination = destination;
    request.umask = umask;
    request.size = size;
    return Refusal(FileOperations(*paths_).Perform(request).status);
  }
  FileId Create() {
    FileResult result = Do(wire::Operation::kCreateTemporary, temporary());
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(result.fds.size(), 1u);
    EXPECT_EQ(::write(result.fds.front().get(), "data", 4), 4);
    return result.ids.front();
  }
  std::string temporary() const { return jobs_ + "/" + kTemporary; }
  std::string destination() const { return jobs_ + "/file"; }

  tests::TempFolder folder_;
  std::string jobs_;
  std::optional<SafePaths> paths_;
};

/// Names of temporary files, in a request for all of them.
inline wire::FileRequest Many(wire::Operation operation, const std::string& folder, size_t count,
                              size_t first = 0) {
  wire::FileRequest request;
  request.operation = operation;
  for (size_t i = 0; i < count; ++i) {
    char name[32];
    std::snprintf(name, sizeof(name), ".BIT%016zx.tmp", first + i);
    if (i == 0) request.path = folder + "/" + name;
    if (i > 0) request.next.push_back({name, {}, {}, absl::InfinitePast()});
  }
  return request;
}

inline constexpr uint32_t kNobody = ~uint32_t{0};

/// An ACL as the kernel has it: entries {tag, rights, id}.
inline std::string Acl(const std::vector<std::array<uint32_t, 3>>& entries) {
  const uint32_t version = 2;
  std::string acl(reinterpret_cast<const char*>(&version), sizeof(version));
  for (const auto& [tag, rights, id] : entries) {
    const uint16_t head[2] = {static_cast<uint16_t>(tag), static_cast<uint16_t>(rights)};
    acl.append(reinterpret_cast<const char*>(head), sizeof(head));
    acl.append(reinterpret_cast<const char*>(&id), sizeof(id));
  }
  return acl;
}

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_BROKER_FILE_OPERATIONS_FIXTURE_H_
