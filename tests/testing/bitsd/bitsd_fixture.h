// The base of integration tests: a web server and a bitsd that may reach it, for each test its own.
//
// Thread safety: as gtest: one test at a time. Ownership: both servers end with the test.

#ifndef BITSD_TESTS_TESTING_BITSD_BITSD_FIXTURE_H_
#define BITSD_TESTS_TESTING_BITSD_BITSD_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "bitsd/client/client.h"
#include "bitsd/client/error.h"
#include "tests/testing/bitsd/bitsd_server.h"
#include "tests/testing/servers/web_server.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {

class BitsdTest : public ::testing::Test {
 protected:
  /// Skips, with the reason, when bitsd cannot become several users here.
  void SetUp() override;

  /// What SetUp starts bitsd with; a subclass may want something else.
  virtual BitsdOptions Options() { return {}; }
  /// More directives for the web server.
  virtual std::string WebDirectives() { return ""; }

  WebServer& web() { return *web_; }
  BitsdServer& bitsd() { return *bitsd_; }
  /// A client that shows the certificate of `name`.
  bits::Client As(std::string_view name);
  /// A folder that only `name` may write into; the same one for the same name.
  std::string FolderOf(std::string_view name);

  /// A job of `owner` that is still suspended and has no files; its id.
  std::string CreateJob(const bits::Client& owner,
                        bits::v1::JobPriority priority = bits::v1::JOB_PRIORITY_NORMAL);
  /// Adds WebServer file `file` as `local_name`.
  absl::Status AddFile(const bits::Client& owner, const std::string& job_id, std::string_view file,
                       const std::string& local_name);
  /// A handle of `owner`, bound to `helper`.
  bits::Handle HandleFor(const bits::Client& owner, const std::string& job_id,
                         std::string_view helper);
  /// Waits until the job is in `state`; returns it as it was last seen.
  bits::v1::Job WaitForState(const bits::Client& owner, const std::string& job_id,
                             bits::v1::JobState state);

 private:
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<BitsdServer> bitsd_;
};

/// "E_ACCESSDENIED/handle_bound_to_another": reason and rule of a failed call; "OK" without error.
std::string ErrorText(const absl::Status& status);

/// The owner of a file; -1 when it is not there.
uid_t OwnerOf(const std::string& path);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_BITSD_BITSD_FIXTURE_H_
