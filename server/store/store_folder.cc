#include "server/store/store_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr std::chrono::seconds kLockPatience{2};
constexpr std::chrono::milliseconds kLockPause{20};
constexpr char kLockName[] = "lock";
constexpr char kDatabaseName[] = "bitsd.db";

absl::Status Refused(const std::string& path, const std::string& why) {
  return error::InvalidArgument(absl::StrCat(path, ": ", why));
}

/// What a failed system call means for the store.
absl::Status CannotUse(const std::string& path, int system_error) {
  const std::string words = std::strerror(system_error);
  if (system_error == EROFS || system_error == EACCES || system_error == EPERM) {
    return Refused(path, absl::StrCat("the store cannot be written (", words,
                                      "): bitsd does not run without writing; make it writable for "
                                      "bitsd's user, or name another state_dir"));
  }
  return Refused(path, absl::StrCat("the store cannot be opened (", words, ")"));
}

/// Ours, and nobody else's to write; for a file also nobody else's to read.
absl::Status CheckOwnership(const std::string& path, const struct stat& info, mode_t forbidden) {
  if (info.st_uid != geteuid()) {
    return Refused(path, absl::StrCat("belongs to uid ", info.st_uid, ": give it to uid ",
                                      geteuid(), " (chown)"));
  }
  if ((info.st_mode & forbidden) == 0) return absl::OkStatus();
  const bool file = S_ISREG(info.st_mode);
  return Refused(path, file ? "others may use the store's file: take that away (chmod 600)"
                            : "others may write the store's folder: take that away (chmod go-w)");
}

absl::StatusOr<UniqueFd> OpenFile(int folder, const char* name, const std::string& path) {
  // Not through a link: what is locked and checked must be what SQLite opens by its name.
  UniqueFd file(openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!file.valid()) return CannotUse(path, errno);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return CannotUse(path, errno);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) {
    return Refused(path, "must be a regular file with one name: move it away");
  }
  if (absl::Status s = CheckOwnership(path, info, S_IRWXG | S_IRWXO); !s.ok()) return s;
  return file;
}

absl::Status InUse(const std::string& path) {
  return Refused(path,
                 "another bitsd works with this store: stop it first, or give this one a state_dir "
                 "of its own");
}

/// A lock of the open file, not of the process: it is there until the descriptor is closed. A bitsd
/// that was just killed may take a moment to be gone.
absl::Status Lock(int file, const std::string& path) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  while (fcntl(file, F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) return CannotUse(path, errno);
    if (std::chrono::steady_clock::now() >= deadline) return InUse(path);
    std::this_thread::sleep_for(kLockPause);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoreFolder> StoreFolder::Take(const std::string& path) {
  const UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return CannotUse(path, errno);
  struct stat info;
  if (fstat(folder.get(), &info) != 0) return CannotUse(path, errno);
  if (absl::Status s = CheckOwnership(path, info, S_IWGRP | S_IWOTH); !s.ok()) return s;
  const std::string lock_path = absl::StrCat(path, "/", kLockName);
  auto lock = OpenFile(folder.get(), kLockName, lock_path);
  if (!lock.ok()) return lock.status();
  if (absl::Status s = Lock(lock->get(), path); !s.ok()) return s;
  const std::string database = absl::StrCat(path, "/", kDatabaseName);
  const auto file = OpenFile(folder.get(), kDatabaseName, database);
  if (!file.ok()) return file.status();
  // The name of a new file must be as durable as what will be in it.
  if (fsync(folder.get()) != 0) return CannotUse(path, errno);
  return StoreFolder(*std::move(lock), database);
}

}  // namespace bitsd
