#include "server/transfer/common/job_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "server/error/errors.h"
#include "tests/testing/fakes/direct_file_broker.h"
#include "tests/testing/fakes/memory_audit.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {
namespace {

using testing::ElementsAre;

class JobFilesTest : public testing::Test {
 protected:
  JobFilesTest() { who_.sid = Sid(5, {21, 1, 2, 3, 1001}); }

  DirectFileBroker broker_;
  MemoryAudit audit_;
  ActingIdentity who_;
  const Sid owner_{5, {21, 1, 2, 3, 1002}};
  const JobFiles files_{broker_, audit_, JobId::Random(), owner_};
  const TempFolder folder_;
};

TEST_F(JobFilesTest, EachOpeningOfASourceIsInTheAuditLogWithWhoActed) {
  const std::string path = folder_.MakeFile("report", "figures");
  const auto source = files_.OpenSource(who_, path);
  ASSERT_TRUE(source.ok()) << source.status();
  char text[8] = {};
  EXPECT_EQ(::read(source->fd.get(), text, sizeof(text)), 7);
  EXPECT_STREQ(text, "figures");
  broker_.before = [](const std::string&, const std::string&) {
    return error::AccessDenied(Rule::kPathProtected, "no");
  };
  EXPECT_FALSE(files_.OpenSource(who_, path).ok());
  EXPECT_THAT(audit_.Values("source_opened", "result"), ElementsAre("OK", "path_protected"));
  EXPECT_THAT(audit_.Values("source_opened", "path"), ElementsAre(path, path));
  EXPECT_THAT(audit_.Values("source_opened", "acting_sid"),
              ElementsAre(who_.sid.ToString(), who_.sid.ToString()));
  EXPECT_THAT(audit_.Values("source_opened", "owner_sid"),
              ElementsAre(owner_.ToString(), owner_.ToString()));
}

}  // namespace
}  // namespace bitsd::tests
