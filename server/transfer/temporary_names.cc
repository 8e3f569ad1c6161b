#include "server/transfer/temporary_names.h"

#include <cstdint>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/policy/local_names.h"

namespace bitsd {

std::string TemporaryNameFor(std::string_view destination) {
  // The names need not be secret: a file is created only where there is none.
  std::random_device random;
  const uint64_t number = (uint64_t{random()} << 32) | random();
  const std::string directory = policy::DirectoryOf(destination);
  return absl::StrCat(directory, absl::EndsWith(directory, "/") ? "" : "/", ".BIT",
                      absl::Hex(number, absl::kZeroPad16), ".tmp");
}

}  // namespace bitsd
