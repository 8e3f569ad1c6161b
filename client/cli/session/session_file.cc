#include "client/cli/session/session_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "client/base/openssl.h"
#include "client/base/private_file.h"
#include "client/base/uuid.h"

namespace bits::cli {
namespace {

constexpr size_t kMaxText = 64;  // A UUID and a newline, and what an editor may add.

std::optional<struct stat> Look(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

bool IsOwn(const struct stat& info) { return info.st_uid == geteuid(); }

std::string FolderOfThisUser() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') {
    // After su or sudo it may still be another user's.
    const auto info = Look(runtime);
    if (info && IsOwn(*info)) return std::string(runtime) + "/bitsctl";
  }
  return "/tmp/bitsctl-" + std::to_string(geteuid());
}

// An endpoint may hold whatever gRPC understands, a file name not.
std::string NameOf(const std::string& endpoint, const std::string& sid) {
  const std::string key = endpoint + '\0' + sid;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string name = "session-";
  for (unsigned int i = 0; i < size / 2; ++i) {
    name.push_back("0123456789abcdef"[digest[i] >> 4]);
    name.push_back("0123456789abcdef"[digest[i] & 15]);
  }
  return name;
}

absl::Status Wrong(const std::string& path, const std::string& what) {
  return absl::FailedPreconditionError("the remembered logon session cannot be used: " + path +
                                       ": " + what);
}

// OK when the folder is there and nobody else can write or read it.
absl::Status CheckFolder(const std::string& folder) {
  const auto info = Look(folder);
  if (!info) return Wrong(folder, strerror(errno));
  if (!S_ISDIR(info->st_mode)) return Wrong(folder, "is no folder: remove it");
  if (!IsOwn(*info)) {
    return Wrong(folder, "belongs to another user: set XDG_RUNTIME_DIR to a folder of your own");
  }
  if ((info->st_mode & 077) != 0) return Wrong(folder, "is open to others: chmod 700 it");
  return absl::OkStatus();
}

}  // namespace

SessionFile::SessionFile(const std::string& endpoint, const std::string& sid)
    : folder_(FolderOfThisUser()), path_(folder_ + "/" + NameOf(endpoint, sid)) {}

absl::StatusOr<std::string> SessionFile::Read() const {
  // What is not ours was not written by us: nothing is remembered.
  const auto folder = Look(folder_);
  if (!folder || !IsOwn(*folder)) return "";
  if (absl::Status status = CheckFolder(folder_); !status.ok()) return status;
  if (!Look(path_)) return "";
  const auto text = ReadSecretFile(path_);
  if (!text.ok()) {
    return absl::FailedPreconditionError("the remembered logon session cannot be used: " +
                                         std::string(text.status().message()));
  }
  std::string line = *text;
  if (line.ends_with('\n')) line.pop_back();
  const auto id = line.size() <= kMaxText ? CanonicalUuid(line) : std::nullopt;
  if (!id) return Wrong(path_, "holds no session id: remove it, then bitsctl logon");
  return *id;
}

// The old file is replaced by a whole new one, whatever happens meanwhile.
absl::Status SessionFile::Write(const std::string& session_id) const {
  if (mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return Wrong(folder_, strerror(errno));
  if (absl::Status status = CheckFolder(folder_); !status.ok()) return status;
  const auto unique = NewUuid();
  if (!unique.ok()) return unique.status();
  const std::string fresh = path_ + "." + *unique;
  absl::Status status = WriteNewFile(fresh, session_id + "\n", 0600);
  if (!status.ok()) return status;
  if (std::rename(fresh.c_str(), path_.c_str()) == 0) return absl::OkStatus();
  status = Wrong(path_, strerror(errno));
  unlink(fresh.c_str());
  return status;
}

void SessionFile::Forget() const { unlink(path_.c_str()); }

}  // namespace bits::cli
