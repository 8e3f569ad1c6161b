// Files in a folder of the test's own.
//
// Thread safety: one test thread. Ownership: owns the folder.

#ifndef BITSD_TESTS_UNIT_CLIENT_FOLDER_FIXTURE_H_
#define BITSD_TESTS_UNIT_CLIENT_FOLDER_FIXTURE_H_

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/testing/temp_folder.h"

namespace bits {

class FolderTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.File(name); }

  void Put(const std::string& name, const std::string& text, mode_t mode) const {
    std::ofstream(Path(name)) << text;
    chmod(Path(name).c_str(), mode);
  }

  mode_t ModeOf(const std::string& name) const {
    struct stat info {};
    stat(Path(name).c_str(), &info);
    return info.st_mode & 07777;
  }

  const bitsd::tests::TempFolder folder_;
};

}  // namespace bits

#endif  // BITSD_TESTS_UNIT_CLIENT_FOLDER_FIXTURE_H_
