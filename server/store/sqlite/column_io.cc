#include "server/store/sqlite/column_io.h"

#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"

namespace bitsd {
namespace {

std::string_view BytesOf(const UuidBytes& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

}  // namespace

void ColumnWriter::Judge(const char* name, const char* problem) {
  if (problem == nullptr || absent_ || !problem_.empty()) return;
  problem_ = absl::StrCat("column ", name, " ", problem);
}

void ColumnWriter::Put(int64_t value) {
  if (absent_) return statement_.BindNull(next_++);
  statement_.Bind(next_++, value);
}

void ColumnWriter::PutUuid(const UuidBytes& id) {
  if (absent_) return statement_.BindNull(next_++);
  statement_.BindBlob(next_++, BytesOf(id));
}

void ColumnWriter::PutBytes(const std::string& bytes) {
  if (absent_) return statement_.BindNull(next_++);
  statement_.BindBlob(next_++, bytes);
}

void ColumnWriter::Text(const char* name, const std::string& text, TextKind kind) {
  if (absent_) return statement_.BindNull(next_++);
  Judge(name, ProblemOfText(text, kind));
  statement_.BindText(next_++, text);
}

void ColumnWriter::Digest(const char* name, const std::string& bytes) {
  Judge(name, ProblemOfDigest(bytes));
  PutBytes(bytes);
}

void ColumnWriter::Blob(const char* name, const std::string& bytes, size_t max) {
  Judge(name, ProblemOfBlob(bytes, max));
  PutBytes(bytes);
}

void ColumnWriter::Duration(const char* name, absl::Duration duration) {
  if (duration < absl::ZeroDuration()) Judge(name, "is negative");
  Put(absl::ToInt64Nanoseconds(duration));
}

void ColumnWriter::User(const char* name, const Sid& sid) {
  if (absent_) return statement_.BindNull(next_++);
  if (sid == Sid()) Judge(name, "is no SID");
  statement_.BindCopy(next_++, sid.ToString());
}

bool ColumnReader::Is(int type) {
  const bool is = statement_.Type(next_++) == type;
  if (!is) RefuseColumn("is of another type than it must be");
  return is;
}

void ColumnReader::RefuseColumn(const char* why) {
  if (problem_.empty()) {
    problem_ = absl::StrCat("column ", statement_.Name(next_ - 1), " ", why);
  }
}

void ColumnReader::Refuse(const std::string& why) {
  if (problem_.empty()) problem_ = why;
}

uint64_t ColumnReader::Take(uint64_t max) {
  if (!Is(SQLITE_INTEGER)) return 0;
  const auto value = static_cast<uint64_t>(statement_.Int(next_ - 1));
  const char* problem = ProblemOfNumber(value, max);
  if (problem == nullptr) return value;
  RefuseColumn(problem);
  return 0;
}

void ColumnReader::AnyNumber(const char*, uint64_t& value) {
  value = Take(std::numeric_limits<uint64_t>::max());
}

UuidBytes ColumnReader::TakeUuid() {
  UuidBytes id{};
  if (!Is(SQLITE_BLOB)) return id;
  const std::string_view bytes = statement_.Bytes(next_ - 1);
  if (bytes.size() == id.size()) {
    std::memcpy(id.data(), bytes.data(), id.size());
  } else {
    RefuseColumn("is no UUID");
  }
  return id;
}

void ColumnReader::Text(const char*, std::string& text, TextKind kind) {
  if (!Is(SQLITE_TEXT)) return;
  const std::string_view stored = statement_.Bytes(next_ - 1);
  if (const char* problem = ProblemOfText(stored, kind)) return RefuseColumn(problem);
  text.assign(stored);
}

void ColumnReader::Digest(const char*, std::string& bytes) {
  if (!Is(SQLITE_BLOB)) return;
  bytes.assign(statement_.Bytes(next_ - 1));
  if (const char* problem = ProblemOfDigest(bytes)) RefuseColumn(problem);
}

void ColumnReader::Blob(const char*, std::string& bytes, size_t max) {
  if (!Is(SQLITE_BLOB)) return;
  const std::string_view stored = statement_.Bytes(next_ - 1);
  if (const char* problem = ProblemOfBlob(stored, max)) return RefuseColumn(problem);
  bytes.assign(stored);
}

void ColumnReader::Time(const char*, absl::Time& time) {
  uint64_t bits = 0;
  AnyNumber(nullptr, bits);
  const auto nanos = static_cast<int64_t>(bits);
  time = nanos == std::numeric_limits<int64_t>::max()   ? absl::InfiniteFuture()
         : nanos == std::numeric_limits<int64_t>::min() ? absl::InfinitePast()
                                                        : absl::FromUnixNanos(nanos);
}

void ColumnReader::Duration(const char*, absl::Duration& duration) {
  duration = absl::Nanoseconds(static_cast<int64_t>(Take(std::numeric_limits<int64_t>::max())));
}

void ColumnReader::User(const char*, Sid& sid) {
  if (!Is(SQLITE_TEXT)) return;
  const auto parsed = Sid::Parse(statement_.Bytes(next_ - 1));
  if (!parsed.ok()) return RefuseColumn("is no SID");
  sid = *parsed;
}

}  // namespace bitsd
