// Local names: which are taken, and what they leave room for.

#include "server/policy/local_names.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/bad_utf8.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

using namespace std::string_literals;

std::string Repeat(const std::string& text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

TEST(LocalNameTest, AbsoluteCanonicalNamesAreTaken) {
  const std::string names[] = {
      "/a",
      "/srv/data/file.iso",
      "/a b/ü/...",
      "/..a/.b/c..",
      "/a\\b",
      "/" + std::string(255, 'x'),
      Repeat("/" + std::string(254, 'x'), 16) + "/" + std::string(14, 'y')};
  for (const std::string& name : names) {
    EXPECT_EQ(Verdict(CheckLocalName(name)), "ok") << name;
  }
}

TEST(LocalNameTest, EveryOtherSpellingIsRefused) {
  const std::string names[] = {
      "",
      "/",
      "//",
      "a",
      "./a",
      "../a",
      "~/a",
      "file:///a",
      "C:\\a",
      "//a",
      "/a//b",
      "/a/",
      "/.",
      "/..",
      "/a/./b",
      "/a/../b",
      "/a/..",
      "/a/.",
      "/a\0b"s,
      "\0/a"s,
      "/a\nb",
      "/a\x1B[2J",
      "/a\x7F",
      "/a\xC2\x85",
      "/" + std::string(256, 'x'),
      Repeat("/" + std::string(254, 'x'), 16) + "/" + std::string(15, 'y')};
  for (const std::string& name : names) {
    EXPECT_EQ(Verdict(CheckLocalName(name)), "E_INVALIDARG") << testing::PrintToString(name);
  }
  for (const std::string& bad : tests::kBadUtf8) {
    EXPECT_EQ(Verdict(CheckLocalName("/srv/" + bad)), "E_INVALIDARG");
  }
}

TEST(LocalNameTest, AFolderIsNamedAsOne) {
  for (const char* name : {"/srv/data/", "/srv//", "/"}) {
    const absl::Status status = CheckLocalName(name);
    const std::string message(status.message().data(), status.message().size());
    EXPECT_NE(message.find("is a folder"), std::string::npos) << name;
    EXPECT_NE(message.find("add the file's name"), std::string::npos) << name;
  }
}

TEST(LocalNameTest, TheDirectoryIsWhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(DirectoryOf("/a"), "/");
  EXPECT_EQ(DirectoryOf("/srv/data/file"), "/srv/data");
}

TEST(LocalNamesTest, ADestinationLeavesRoomForItsTemporaryFile) {
  const auto path_in = [](size_t directory) {
    std::string path;
    while (path.size() < directory) path += path.size() % 200 == 0 ? '/' : 'd';
    return path + "/f";
  };
  EXPECT_EQ(Verdict(CheckDestination("/f")), "ok");
  EXPECT_EQ(Verdict(CheckDestination(path_in(4070))), "ok");
  EXPECT_EQ(Verdict(CheckDestination(path_in(4071))), "E_INVALIDARG");
  EXPECT_EQ(Verdict(CheckLocalName(path_in(4071))), "ok");
  EXPECT_EQ(Verdict(CheckDestination("f")), "E_INVALIDARG");
}

}  // namespace
}  // namespace bitsd::policy
