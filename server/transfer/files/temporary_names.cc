#include "server/transfer/files/temporary_names.h"

#include <cstdint>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/policy/local_names.h"

namespace bitsd {

std::string TemporaryNameFor(std::string_view destination) {
  // The names need not be secret: a file is created only where there is none.
  const uint64_t number = (uint64_t{arc4random()} << 32) | arc4random();
  const std::string directory = policy::DirectoryOf(destination);
  return absl::StrCat(directory, absl::EndsWith(directory, "/") ? "" : "/", ".BIT",
                      absl::Hex(number, absl::kZeroPad16), ".tmp");
}

}  // namespace bitsd
