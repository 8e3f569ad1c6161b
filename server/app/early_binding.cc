#include "server/app/early_binding.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace bitsd {
namespace {

/// The dynamic linker reads it, and nothing else can tell it so for libraries.
constexpr char kVariable[] = "LD_BIND_NOW";

bool IsBound() {
  const char* value = std::getenv(kVariable);
  return value != nullptr && *value != '\0';
}

}  // namespace

absl::Status BindEarly(char** argv) {
  if (IsBound()) return absl::OkStatus();
  ::setenv(kVariable, "1", 1);
  // By its own name, which is the name of the process.
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error)
    return absl::ErrnoToStatus(error.value(), "/proc/self/exe cannot be read; mount /proc");
  ::execv(self.c_str(), argv);
  return absl::ErrnoToStatus(errno, self.string() + " cannot be started again");
}

}  // namespace bitsd
