// Looks at a job's files: which are lost, and what the audit log has of them.

#include "server/transfer/files/look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/testing/fakes/direct_file_broker.h"
#include "tests/testing/fakes/memory_audit.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {
namespace {

using testing::ElementsAre;

TEST(LookTest, AJobOfManyFilesCostsALineForThoseThatAreThereAndOneForThoseThatAreNot) {
  const TempFolder folder;
  DirectFileBroker broker;
  MemoryAudit audit;
  LookTask task;
  task.owner = Sid(5, {21, 1, 2, 3, 1002});
  task.local.sid = task.owner;
  std::vector<std::string> paths;
  for (int i = 0; i < 30; ++i)
    paths.push_back(folder.path() + "/.BIT" + std::to_string(i) + ".tmp");
  std::vector<OpenTemporary> created;
  ASSERT_TRUE(broker.CreateTemporaries(task.local, paths, &created).ok());
  auto records = std::make_shared<FileRecords>();
  for (size_t i = 0; i < paths.size(); ++i) {
    FileRecord record;
    record.local_name = folder.path() + "/" + std::to_string(i);
    record.progress.transferred = true;
    record.progress.temporary = TemporaryFile{paths[i], task.owner, created[i].id};
    records->push_back(record);
  }
  task.files = records;
  for (size_t i : {3, 4, 5}) ASSERT_EQ(unlink(paths[i].c_str()), 0);

  const JobFiles files(broker, audit, task.job, task.owner);
  EXPECT_THAT(FindLost(files, task, [] { return true; }), ElementsAre(3, 4, 5));
  EXPECT_THAT(audit.Values("temporary_checked", "result"), ElementsAre("OK", "file_replaced"));
  EXPECT_THAT(audit.Values("temporary_checked", "count"), ElementsAre("27", "3"));
  EXPECT_THAT(audit.Values("temporary_checked", "path"), ElementsAre(paths[29], paths[5]));
  EXPECT_THAT(audit.Values("directory_checked", "count"), ElementsAre("3"));
}

}  // namespace
}  // namespace bitsd::tests
