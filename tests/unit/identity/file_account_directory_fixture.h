// Account directories of a few lines, and why they are refused.
//
// Thread safety: pure functions.

#ifndef BITSD_TESTS_UNIT_IDENTITY_FILE_ACCOUNT_DIRECTORY_FIXTURE_H_
#define BITSD_TESTS_UNIT_IDENTITY_FILE_ACCOUNT_DIRECTORY_FIXTURE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/identity/file_account_directory.h"

namespace bitsd {

using Loaded = absl::StatusOr<std::shared_ptr<const FileAccountDirectory>>;

inline Loaded Parse(const std::string& content) {
  return ParseAccountDirectory(content, "accounts.yaml", {"daemon", "no-such-group"});
}

/// A directory of one account, with `fields` after its SID and name.
inline std::string One(const std::string& fields) {
  return "accounts:\n  - {sid: S-1-5-21-1-2-3-1001, name: alice, " + fields + "}\n";
}

inline void ExpectRefused(const std::string& content, const std::string& reason) {
  const Loaded directory = Parse(content);
  ASSERT_FALSE(directory.ok()) << content;
  EXPECT_EQ(DetailOf(directory.status()).hresult, Hresult::kInvalidArgument);
  EXPECT_THAT(std::string(directory.status().message()), ::testing::StartsWith("accounts.yaml:"));
  EXPECT_THAT(std::string(directory.status().message()), ::testing::HasSubstr(reason)) << content;
}

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_IDENTITY_FILE_ACCOUNT_DIRECTORY_FIXTURE_H_
