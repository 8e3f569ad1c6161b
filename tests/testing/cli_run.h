// Runs a command line of bitsctl inside the test.
//
// Thread safety: runs may go on at once.

#ifndef BITSD_TESTS_TESTING_CLI_RUN_H_
#define BITSD_TESTS_TESTING_CLI_RUN_H_

#include <sstream>
#include <string>
#include <vector>

#include "client/cli/app.h"

namespace bits {

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

inline Outcome RunCli(std::vector<std::string> words, const std::string& input = "",
                      bool terminal = false) {
  words.insert(words.begin(), "bitsctl");
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int status =
      cli::Run(static_cast<int>(arguments.size()), arguments.data(), {in, out, err, terminal});
  return {status, out.str(), err.str()};
}

}  // namespace bits

#endif  // BITSD_TESTS_TESTING_CLI_RUN_H_
