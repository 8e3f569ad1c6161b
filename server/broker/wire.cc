#include "server/broker/wire.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "server/error/errors.h"
#include "server/policy/local_names.h"
#include "server/policy/utf8.h"

namespace bitsd::wire {
namespace {

/// The longest text: two paths and words around them.
constexpr size_t kMaxText = 12'288;
constexpr int64_t kLeaveTime = std::numeric_limits<int64_t>::min();

/// The longest name of a temporary file that is not refused as malformed already.
constexpr size_t kMaxTemporaryName = 32;

enum class Outcome : uint8_t { kOk = 0, kError = 1, kUnavailable = 2 };

class Writer {
 public:
  template <typename T>
  Writer& Number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  Writer& Text(std::string_view text) {
    text = text.substr(0, kMaxText);
    Number(static_cast<uint16_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Number() {
    T value{};
    const std::string_view bytes = Bytes(sizeof(value));
    if (ok_) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  std::string Text(size_t limit) {
    const size_t size = Number<uint16_t>();
    if (size > limit) ok_ = false;
    return std::string(Bytes(size));
  }
  /// Everything was read, and nothing is left.
  bool Finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view Bytes(size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
  bool ok_ = true;
};

absl::Status Malformed(std::string_view what) {
  return error::InvalidArgument("malformed broker message: " + std::string(what));
}

std::string_view MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

/// RuleName answers "unknown" from the first number that is no rule.
bool IsRule(uint32_t number) {
  return number < 1000 && RuleName(static_cast<Rule>(number)) != "unknown";
}

uint32_t NumberOfRule(std::string_view name) {
  uint32_t number = 0;
  while (IsRule(number) && RuleName(static_cast<Rule>(number)) != name) ++number;
  return number;
}

std::optional<absl::Status> MakeError(uint32_t hresult, uint32_t rule, const std::string& message) {
  switch (static_cast<Hresult>(hresult)) {
    case Hresult::kAccessDenied:
      if (!IsRule(rule)) return std::nullopt;
      return error::AccessDenied(static_cast<Rule>(rule), message);
    case Hresult::kInvalidArgument: return error::InvalidArgument(message);
    case Hresult::kStringTooLong: return error::StringTooLong(message);
    case Hresult::kDiskFull: return error::DiskFull(message);
    default: return std::nullopt;
  }
}

/// A message that clients and logs can show, whoever wrote it.
std::string Printable(std::string text) {
  const bool utf8 = policy::DecodeUtf8(text).has_value();
  std::replace_if(
      text.begin(), text.end(),
      [utf8](unsigned char c) { return c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8); }, '?');
  return text;
}

std::optional<absl::Status> ReadStatus(Reader* reader) {
  const auto outcome = reader->Number<Outcome>();
  const auto hresult = reader->Number<uint32_t>();
  const auto rule = reader->Number<uint32_t>();
  const std::string message = Printable(reader->Text(kMaxText));
  switch (outcome) {
    case Outcome::kOk: return absl::OkStatus();
    case Outcome::kUnavailable: return error::Unavailable(message);
    case Outcome::kError: return MakeError(hresult, rule, message);
  }
  return std::nullopt;
}

Outcome OutcomeOf(const absl::Status& status, const ErrorDetail& detail) {
  if (status.ok()) return Outcome::kOk;
  return detail.hresult == Hresult::kOk ? Outcome::kUnavailable : Outcome::kError;
}

bool TakesMany(Operation operation) {
  return operation == Operation::kCreateTemporary || operation == Operation::kPublish;
}

bool IsFileOperation(Operation operation) {
  return operation >= Operation::kCheckDirectory && operation <= Operation::kOpenToRead;
}

int64_t EncodeTime(absl::Time time) {
  const bool leave = time == absl::InfinitePast() || time == absl::InfiniteFuture();
  return leave ? kLeaveTime : absl::ToUnixNanos(time);
}

absl::Time DecodeTime(int64_t nanos) {
  return nanos == kLeaveTime ? absl::InfinitePast() : absl::FromUnixNanos(nanos);
}

FileId ReadFileId(Reader* reader) {
  FileId id;
  id.device = reader->Number<uint64_t>();
  id.inode = reader->Number<uint64_t>();
  return id;
}

NextFile ReadNextFile(Reader* reader) {
  NextFile file;
  file.temporary = reader->Text(kMaxTemporaryName);
  file.destination = reader->Text(policy::kMaxLocalComponent);
  file.id = ReadFileId(reader);
  file.mtime = DecodeTime(reader->Number<int64_t>());
  return file;
}

}  // namespace

std::string Encode(const OpenWorkerRequest& request) {
  Writer writer;
  writer.Number(Operation::kOpenWorker).Text(request.sid.ToString());
  writer.Number(request.posix.uid).Number(request.posix.gid);
  writer.Number(static_cast<uint32_t>(request.posix.groups.size()));
  for (const gid_t group : request.posix.groups) writer.Number(group);
  return writer.Take();
}

absl::StatusOr<OpenWorkerRequest> DecodeOpenWorker(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.Number<Operation>() != Operation::kOpenWorker) return Malformed("unknown operation");
  const std::string sid = reader.Text(Sid::kMaxTextLength);
  OpenWorkerRequest request;
  request.posix.uid = reader.Number<uid_t>();
  request.posix.gid = reader.Number<gid_t>();
  const auto count = reader.Number<uint32_t>();
  if (count > kMaxGroups) return Malformed("too many groups");
  for (uint32_t i = 0; i < count; ++i) request.posix.groups.push_back(reader.Number<gid_t>());
  if (!reader.Finished()) return Malformed("wrong length");
  absl::StatusOr<Sid> parsed = Sid::Parse(sid);
  if (!parsed.ok()) return parsed.status();
  request.sid = *parsed;
  return request;
}

std::string Encode(const FileRequest& request) {
  Writer writer;
  writer.Number(request.operation).Text(request.path).Text(request.destination);
  writer.Number(request.id.device).Number(request.id.inode);
  writer.Number(static_cast<uint32_t>(request.umask)).Number(EncodeTime(request.mtime));
  writer.Number(static_cast<uint8_t>(request.next.size()));
  for (const NextFile& file : request.next) {
    writer.Text(file.temporary).Text(file.destination);
    writer.Number(file.id.device).Number(file.id.inode).Number(EncodeTime(file.mtime));
  }
  return writer.Take();
}

absl::StatusOr<FileRequest> DecodeFileRequest(std::string_view bytes) {
  Reader reader(bytes);
  FileRequest request;
  request.operation = reader.Number<Operation>();
  if (!IsFileOperation(request.operation)) return Malformed("unknown operation");
  request.path = reader.Text(policy::kMaxLocalName);
  request.destination = reader.Text(policy::kMaxLocalName);
  request.id = ReadFileId(&reader);
  request.umask = reader.Number<uint32_t>();
  request.mtime = DecodeTime(reader.Number<int64_t>());
  const auto count = reader.Number<uint8_t>();
  if (count >= kMaxFiles || (count > 0 && !TakesMany(request.operation))) {
    return Malformed("too many files");
  }
  for (uint8_t i = 0; i < count; ++i) request.next.push_back(ReadNextFile(&reader));
  if (!reader.Finished()) return Malformed("wrong length");
  if (request.umask > 0777) return Malformed("umask out of range");
  return request;
}

std::string Encode(const Reply& reply) {
  const ErrorDetail detail = DetailOf(reply.status);
  Writer writer;
  writer.Number(OutcomeOf(reply.status, detail));
  writer.Number(static_cast<uint32_t>(detail.hresult)).Number(NumberOfRule(detail.rule));
  writer.Text(MessageOf(reply.status));
  writer.Number(static_cast<uint8_t>(reply.ids.size()));
  for (const FileId& id : reply.ids) writer.Number(id.device).Number(id.inode);
  return writer.Take();
}

absl::StatusOr<Reply> DecodeReply(std::string_view bytes) {
  Reader reader(bytes);
  std::optional<absl::Status> status = ReadStatus(&reader);
  Reply reply;
  const auto count = reader.Number<uint8_t>();
  if (count > kMaxFiles) return Malformed("too many files");
  for (uint8_t i = 0; i < count; ++i) reply.ids.push_back(ReadFileId(&reader));
  if (!reader.Finished()) return Malformed("wrong length");
  if (!status) return Malformed("no such status");
  reply.status = *std::move(status);
  return reply;
}

}  // namespace bitsd::wire
