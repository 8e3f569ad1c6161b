// Words of a text.
//
// Thread safety: a pure function.

#ifndef BITSD_TESTS_TESTING_CLI_WORDS_H_
#define BITSD_TESTS_TESTING_CLI_WORDS_H_

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace bits {

using Words = std::vector<std::string>;

inline Words Split(std::string_view text) {
  std::istringstream stream{std::string(text)};
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace bits

#endif  // BITSD_TESTS_TESTING_CLI_WORDS_H_
