#include "server/rpc/tls/tls_handover.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

absl::Status Failed(const char* what) {
  return error::InvalidArgument(
      absl::StrCat("The TLS material cannot be handed over: ", what, ": ", std::strerror(errno)));
}

bool WriteAll(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<size_t>(wrote);
  }
  return true;
}

/// A file in memory with `text`, last modified at `stamp`; invalid when there is no memory.
UniqueFd MemoryFile(const std::string& text, std::time_t stamp) {
  UniqueFd file(memfd_create("bitsd-tls", MFD_CLOEXEC));
  const timespec times[2] = {{stamp, 0}, {stamp, 0}};
  const bool good = file.valid() && fchmod(file.get(), 0600) == 0 && WriteAll(file.get(), text) &&
                    futimens(file.get(), times) == 0;
  if (!good) file.Reset();
  return file;
}

std::string PathOf(const UniqueFd& file) { return absl::StrCat("/proc/self/fd/", file.get()); }

/// Makes `place` the descriptor of `file`, in one step for whoever opens its path.
bool PutInPlace(UniqueFd file, UniqueFd& place) {
  if (place.valid()) return dup3(file.get(), place.get(), O_CLOEXEC) >= 0;
  place = std::move(file);
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsHandover>> TlsHandover::Create(const TlsMaterial& material) {
  std::unique_ptr<TlsHandover> handover(new TlsHandover());
  if (absl::Status status = handover->Replace(material); !status.ok()) return status;
  for (const std::string& path : {handover->pair_path(), handover->roots_path()}) {
    if (access(path.c_str(), R_OK) != 0) return Failed("/proc is needed");
  }
  return handover;
}

absl::Status TlsHandover::Replace(const TlsMaterial& material) {
  ++stamp_;
  UniqueFd pair =
      MemoryFile(absl::StrCat(material.certificate_chain, "\n", material.private_key), stamp_);
  UniqueFd roots = MemoryFile(material.roots, stamp_);
  if (!pair.valid() || !roots.valid()) return Failed("no memory for it");
  if (!PutInPlace(std::move(roots), roots_)) return Failed("its roots cannot be replaced");
  if (!PutInPlace(std::move(pair), pair_)) return Failed("its pair cannot be replaced");
  return absl::OkStatus();
}

std::string TlsHandover::pair_path() const { return PathOf(pair_); }
std::string TlsHandover::roots_path() const { return PathOf(roots_); }

}  // namespace bitsd::rpc
