#include "tests/testing/temp_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace bitsd::tests {
namespace {

// A test whose surroundings cannot be set up says why and ends; no result of it would mean much.
void Require(bool done, std::string_view what, const std::string& path) {
  if (done) return;
  std::fprintf(stderr, "%.*s %s: %s\n", static_cast<int>(what.size()), what.data(), path.c_str(),
               std::strerror(errno));
  std::abort();
}

}  // namespace

TempFolder::TempFolder() {
  path_ = std::filesystem::canonical(std::filesystem::temp_directory_path()).string() +
          "/bitsd-test-XXXXXX";
  Require(::mkdtemp(path_.data()) != nullptr, "mkdtemp", path_);
  Require(::chmod(path_.c_str(), 0755) == 0, "chmod", path_);
}

TempFolder::~TempFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) std::fprintf(stderr, "%s stays: %s\n", path_.c_str(), error.message().c_str());
}

std::string TempFolder::MakeFolder(std::string_view name, mode_t mode) const {
  return MakeFolder(name, ::geteuid(), ::getegid(), mode);
}

std::string TempFolder::MakeFolder(std::string_view name, uid_t uid, gid_t gid, mode_t mode) const {
  std::string folder = File(name);
  std::filesystem::create_directories(folder);
  GiveTo(folder, uid, gid);
  Require(::chmod(folder.c_str(), mode) == 0, "chmod", folder);
  return folder;
}

std::string TempFolder::MakeFile(std::string_view name, std::string_view text) const {
  std::string file = File(name);
  WriteFile(file, text);
  return file;
}

void WriteFile(const std::string& path, std::string_view text, mode_t mode) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  Require(static_cast<bool>(file), "write", path);
  Require(::chmod(path.c_str(), mode) == 0, "chmod", path);
}

void GiveTo(const std::string& path, uid_t uid, gid_t gid) {
  // Without root a file can only be given to whom it belongs already.
  const bool own = uid == ::geteuid() && gid == ::getegid();
  Require(own || ::chown(path.c_str(), uid, gid) == 0, "chown", path);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace bitsd::tests
