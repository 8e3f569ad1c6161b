// A folder that lives as long as this object, under the system's temporary folder.
//
// Other users can pass through it (0755): bitsd opens what is inside as them. Thread safety: as a
// const value. Ownership: the folder and all that is in it.

#ifndef BITSD_TESTS_TESTING_TEMP_FOLDER_H_
#define BITSD_TESTS_TESTING_TEMP_FOLDER_H_

#include <sys/types.h>

#include <string>
#include <string_view>

namespace bitsd::tests {

class TempFolder {
 public:
  /// Aborts the test program when the folder cannot be made: nothing works without it.
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }

  /// Makes a folder below this one, and those above it; returns its path. With the default mode
  /// only its owner may write into it and everybody may look.
  std::string MakeFolder(std::string_view name, mode_t mode = 0755) const;
  /// The same; it belongs to `uid` and `gid`.
  std::string MakeFolder(std::string_view name, uid_t uid, gid_t gid, mode_t mode = 0755) const;

  /// Writes a file below this folder; returns its path.
  std::string MakeFile(std::string_view name, std::string_view text = "") const;

 private:
  std::string path_;
};

/// Writes a whole file with `mode`, whatever the umask is.
void WriteFile(const std::string& path, std::string_view text, mode_t mode = 0644);

/// Gives `path` to an identity. Aborts when it cannot.
void GiveTo(const std::string& path, uid_t uid, gid_t gid);

/// The whole file; empty when it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_TEMP_FOLDER_H_
