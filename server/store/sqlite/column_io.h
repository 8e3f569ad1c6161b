// Writes the columns of a record to an SQLite statement, and reads them back.
//
// Both judge each value by the bounds of store/columns.h. Thread safety: one thread. Ownership:
// none; they work on a statement and a record of their user.

#ifndef BITSD_SERVER_STORE_SQLITE_COLUMN_IO_H_
#define BITSD_SERVER_STORE_SQLITE_COLUMN_IO_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "server/base/heap_optional.h"
#include "server/base/uuid.h"
#include "server/identity/sid.h"
#include "server/store/columns.h"
#include "server/store/sqlite/sqlite.h"

namespace bitsd {

class ColumnWriter {
 public:
  /// What is described must live until the statement has run.
  explicit ColumnWriter(sqlite::Statement& statement) : statement_(statement) {}

  /// A number, an enum or a bool.
  template <typename T>
  void Number(const char* name, const T& value, uint64_t max) {
    Judge(name, ProblemOfNumber(static_cast<uint64_t>(static_cast<int64_t>(value)), max));
    Put(static_cast<int64_t>(value));
  }
  void AnyNumber(const char*, uint64_t value) { Put(static_cast<int64_t>(value)); }
  void Text(const char* name, const std::string& text, TextKind kind);
  void Digest(const char* name, const std::string& bytes);
  void Blob(const char* name, const std::string& bytes, size_t max);
  void Time(const char*, absl::Time time) { Put(absl::ToUnixNanos(time)); }
  /// Not negative.
  void Duration(const char* name, absl::Duration duration);
  void User(const char* name, const Sid& sid);
  template <typename Kind>
  void Id(const char*, const UuidOf<Kind>& id) {
    PutUuid(id.bytes());
  }
  /// A std::optional or a HeapOptional.
  template <typename Holder, typename Describe>
  void Optional(const Holder& value, Describe describe) {
    const bool outer = std::exchange(absent_, absent_ || !value);
    const typename Holder::value_type none{};
    describe(*this, value ? *value : none);
    absent_ = outer;
  }

  /// Empty, or what is wrong with the first column that must not be written.
  const std::string& problem() const { return problem_; }

 private:
  void Judge(const char* name, const char* problem);
  void Put(int64_t value);
  void PutUuid(const UuidBytes& id);
  void PutBytes(const std::string& bytes);

  sqlite::Statement& statement_;
  int next_ = 1;
  bool absent_ = false;  ///< NULL is bound, whatever is described.
  std::string problem_;
};

class ColumnReader {
 public:
  explicit ColumnReader(const sqlite::Statement& statement) : statement_(statement) {}

  /// From 0 to `max`.
  template <typename T>
  void Number(const char*, T& value, uint64_t max) {
    value = static_cast<T>(Take(max));
  }
  /// All 64 bits.
  void AnyNumber(const char*, uint64_t& value);
  void Text(const char*, std::string& text, TextKind kind);
  void Text(const char* name, HeapString& text, TextKind kind) {
    std::string read;
    Text(name, read, kind);
    text = std::move(read);
  }
  void Digest(const char*, std::string& bytes);
  /// Of at most `max` bytes.
  void Blob(const char*, std::string& bytes, size_t max);
  void Time(const char*, absl::Time& time);
  /// Not negative.
  void Duration(const char*, absl::Duration& duration);
  void User(const char*, Sid& sid);
  template <typename Kind>
  void Id(const char*, UuidOf<Kind>& id) {
    id = UuidOf<Kind>(TakeUuid());
  }
  template <typename Holder, typename Describe>
  void Optional(Holder& value, Describe describe) {
    value.reset();
    if (statement_.Type(next_) != SQLITE_NULL) {
      describe(*this, value.emplace());
      return;
    }
    ColumnNames skipped;
    skipped.Optional(value, describe);
    next_ += static_cast<int>(skipped.names().size());
  }

  /// Says what is wrong although each value is in bounds; nothing when `why` is empty.
  void Refuse(const std::string& why);
  /// Empty, or what is wrong with the first column that is not as it must be.
  const std::string& problem() const { return problem_; }

 private:
  uint64_t Take(uint64_t max);
  UuidBytes TakeUuid();
  bool Is(int type);
  /// Notes what is wrong with the column that was taken last.
  void RefuseColumn(const char* why);

  const sqlite::Statement& statement_;
  int next_ = 0;
  std::string problem_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_SQLITE_COLUMN_IO_H_
