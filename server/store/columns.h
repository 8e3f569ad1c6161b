// How a record is described, column by column: once, whatever database keeps it.
//
// A record is described by a function that names its members in order (job_columns.h). ColumnNames
// collects the names for SQL; a database has a writer and a reader with the same methods
// (sqlite/column_io.h), which judge each value by the bounds here: what is stored is believed no
// more than what a caller sends, and nothing is written that would not be read.
//
// Thread safety: ColumnNames: one thread; the rest are pure functions. Ownership: values.

#ifndef BITSD_SERVER_STORE_COLUMNS_H_
#define BITSD_SERVER_STORE_COLUMNS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/base/uuid.h"
#include "server/identity/sid.h"

namespace bitsd {

/// What a stored text must be, beyond its length in bytes.
enum class TextKind {
  kBytes,      ///< Anything: it quotes a server, and is made printable when shown.
  kUtf8,       ///< Without NUL.
  kAscii,      ///< Visible, as URLs are.
  kLocalName,  ///< As policy::CheckLocalName has it.
};

/// The largest text of any kind.
inline constexpr size_t kMaxStoredText = size_t{64} << 10;

/// What is wrong with a value that is stored; null when nothing is.
const char* ProblemOfNumber(uint64_t value, uint64_t max);
const char* ProblemOfText(std::string_view text, TextKind kind);
const char* ProblemOfDigest(std::string_view bytes);
const char* ProblemOfBlob(std::string_view bytes, size_t max);

class ColumnNames {
 public:
  template <typename T>
  void Number(const char* name, const T&, uint64_t) {
    names_.emplace_back(name);
  }
  void AnyNumber(const char* name, uint64_t) { names_.emplace_back(name); }
  void Text(const char* name, const std::string&, TextKind) { names_.emplace_back(name); }
  void Digest(const char* name, const std::string&) { names_.emplace_back(name); }
  void Blob(const char* name, const std::string&, size_t) { names_.emplace_back(name); }
  void Time(const char* name, absl::Time) { names_.emplace_back(name); }
  void Duration(const char* name, absl::Duration) { names_.emplace_back(name); }
  void User(const char* name, const Sid&) { names_.emplace_back(name); }
  template <typename Kind>
  void Id(const char* name, const UuidOf<Kind>&) {
    names_.emplace_back(name);
  }
  template <typename Holder, typename Describe>
  void Optional(const Holder&, Describe describe) {
    const typename Holder::value_type none{};
    describe(*this, none);
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_COLUMNS_H_
