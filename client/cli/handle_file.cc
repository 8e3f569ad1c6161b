#include "client/cli/handle_file.h"

#include <istream>
#include <ostream>

#include "client/base/private_file.h"

namespace bits::cli {
namespace {

constexpr char kStandardStream[] = "-";
constexpr std::streamsize kMaxLine = 256;

std::string ReadLine(std::istream& in) {
  char line[kMaxLine + 1];
  in.getline(line, sizeof(line));
  return {line, line + std::char_traits<char>::length(line)};
}

}  // namespace

absl::StatusOr<Handle> ReadHandle(const std::string& file, std::istream& in) {
  if (file == kStandardStream) return Handle::FromHex(ReadLine(in));
  const auto text = ReadSecretFile(file);
  if (!text.ok()) return text.status();
  return Handle::FromHex(*text);
}

absl::Status WriteHandle(const std::string& file, const Handle& handle, std::ostream& out) {
  const std::string line = handle.ToHex() + "\n";
  if (file != kStandardStream) return WriteNewFile(file, line, 0600);
  out << line << std::flush;
  return out.good() ? absl::OkStatus() : absl::DataLossError("standard output does not take it");
}

}  // namespace bits::cli
