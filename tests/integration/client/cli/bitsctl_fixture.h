// The real bitsctl against the real bitsd, with a configuration file that names every identity.
//
// Thread safety: as gtest. Ownership: everything ends with the test.

#ifndef BITSD_TESTS_INTEGRATION_CLIENT_CLI_BITSCTL_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_CLIENT_CLI_BITSCTL_FIXTURE_H_

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {

class BitsctlTest : public BitsdTest {
 protected:
  using Words = std::vector<std::string>;

  void SetUp() override {
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    std::string yaml = "default: fetcher\nidentities:\n";
    for (const DemoIdentity& identity : DemoIdentities()) {
      const CertificateFiles files = bitsd().pki().Of(identity.name);
      yaml += "  " + identity.name + ": {endpoint: \"" + bitsd().endpoint() +
              "\", certificate: " + files.certificate + ", key: " + files.key +
              ", roots: " + bitsd().pki().roots() + "}\n";
    }
    WriteFile(Config(), yaml);
    // Where sessions are remembered.
    ASSERT_EQ(::setenv("XDG_RUNTIME_DIR", config_folder_.path().c_str(), /*overwrite=*/1), 0);
  }

  std::string Config() const { return config_folder_.File("config.yaml"); }

  Words CommandLine(Words words) const {
    words.insert(words.begin(), {BITSCTL_PROGRAM, "--config", Config()});
    return words;
  }

  /// As fetcher, unless the words say --as.
  Finished Bitsctl(Words words) const {
    return tests::Run(CommandLine(std::move(words)), config_folder_.path());
  }

  /// The output of a command that must succeed.
  std::string Out(const Words& words) const {
    const Finished finished = Bitsctl(words);
    EXPECT_EQ(finished.status, 0) << words[0] << ": " << finished.output;
    return finished.output;
  }

  /// The same without its newline.
  std::string Value(const Words& words) const {
    std::string text = Out(words);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  /// A suspended job of fetcher called `name` with a file for her own folder; its id.
  std::string NewJob(const std::string& name, const std::string& url) {
    const std::string id = Value({"create", name, "--id-only"});
    Out({"add-file", id, url, FolderOf("fetcher") + "/" + id});
    return id;
  }

  /// Every line of an answer as JSON.
  static std::vector<nlohmann::json> JsonLines(const std::string& text) {
    std::vector<nlohmann::json> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

  TempFolder config_folder_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_CLIENT_CLI_BITSCTL_FIXTURE_H_
