#include "server/broker/wire.h"

#include <limits>
#include <optional>
#include <utility>

#include "server/broker/wire_codec.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd::wire {
namespace {

constexpr int64_t kLeaveTime = std::numeric_limits<int64_t>::min();

/// The longest name of a temporary file that is not refused as malformed already.
constexpr size_t kMaxTemporaryName = 32;

/// The longest name of a principal, a user or a domain.
constexpr size_t kMaxLoginName = 512;

absl::Status Malformed(std::string_view what) {
  return error::InvalidArgument("malformed broker message: " + std::string(what));
}

bool IsFileOperation(Operation operation) {
  return operation >= Operation::kCheckDirectory && operation <= Operation::kCheckTemporary;
}

/// Times of files are those of HTTP: whole seconds, of any year.
int64_t EncodeTime(absl::Time time) {
  const bool leave = time == absl::InfinitePast() || time == absl::InfiniteFuture();
  return leave ? kLeaveTime : absl::ToUnixSeconds(time);
}

absl::Time DecodeTime(int64_t seconds) {
  return seconds == kLeaveTime ? absl::InfinitePast() : absl::FromUnixSeconds(seconds);
}

void WriteFileId(const FileId& id, Writer* writer) {
  writer->Number(id.device).Number(id.inode).Number(id.birth).Number(id.mark);
  writer->Number(id.owner).Number(id.mode);
}

FileId ReadFileId(Reader* reader) {
  FileId id;
  id.device = reader->Number<uint64_t>();
  id.inode = reader->Number<uint64_t>();
  id.birth = reader->Number<uint64_t>();
  id.mark = reader->Number<uint64_t>();
  id.owner = reader->Number<uint32_t>();
  id.mode = reader->Number<uint32_t>();
  return id;
}

NextFile ReadNextFile(Reader* reader) {
  NextFile file;
  file.temporary = reader->Text(kMaxTemporaryName);
  file.destination = reader->Text(policy::kMaxLocalComponent);
  file.id = ReadFileId(reader);
  file.mtime = DecodeTime(reader->Number<int64_t>());
  file.size = reader->Number<uint64_t>();
  return file;
}

void WriteKerberos(const KerberosAccount& account, Writer* writer) {
  writer->Text(account.principal).Text(account.keytab).Text(account.credential_cache);
}

KerberosAccount ReadKerberos(Reader* reader) {
  KerberosAccount account;
  account.principal = reader->Text(kMaxLoginName);
  account.keytab = reader->Text(policy::kMaxLocalName);
  account.credential_cache = reader->Text(policy::kMaxLocalName);
  return account;
}

void WriteNtlm(const NtlmAccount& account, Writer* writer) {
  writer->Text(account.domain).Text(account.user).Text(account.password_file);
}

NtlmAccount ReadNtlm(Reader* reader) {
  NtlmAccount account;
  account.domain = reader->Text(kMaxLoginName);
  account.user = reader->Text(kMaxLoginName);
  account.password_file = reader->Text(policy::kMaxLocalName);
  return account;
}

}  // namespace

size_t MaxNext(Operation operation) {
  switch (operation) {
    case Operation::kCreateTemporary:
    case Operation::kPublish: return kMaxFiles - 1;
    case Operation::kCheckDirectory: return kMaxFiles;
    default: return 0;
  }
}

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

std::string Encode(const OpenAgentRequest& request) {
  Writer writer;
  writer.Number(Operation::kOpenAgent).Text(request.sid.ToString());
  writer.Number(static_cast<uint8_t>(request.kerberos ? 1 : 0));
  if (request.kerberos) WriteKerberos(*request.kerberos, &writer);
  writer.Number(static_cast<uint8_t>(request.ntlm ? 1 : 0));
  if (request.ntlm) WriteNtlm(*request.ntlm, &writer);
  return writer.Take();
}

bool IsOpenAgent(std::string_view bytes) {
  return Reader(bytes).Number<Operation>() == Operation::kOpenAgent;
}

absl::StatusOr<OpenAgentRequest> DecodeOpenAgent(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.Number<Operation>() != Operation::kOpenAgent) return Malformed("unknown operation");
  const std::string sid = reader.Text(Sid::kMaxTextLength);
  OpenAgentRequest request;
  const auto kerberos = reader.Number<uint8_t>();
  if (kerberos == 1) request.kerberos = ReadKerberos(&reader);
  const auto ntlm = reader.Number<uint8_t>();
  if (ntlm == 1) request.ntlm = ReadNtlm(&reader);
  if (!reader.Finished()) return Malformed("wrong length");
  if (kerberos > 1 || ntlm > 1) return Malformed("no such credentials");
  absl::StatusOr<Sid> parsed = Sid::Parse(sid);
  if (!parsed.ok()) return parsed.status();
  request.sid = *parsed;
  return request;
}

std::string Encode(const FileRequest& request) {
  Writer writer;
  writer.Number(request.operation).Text(request.path).Text(request.destination);
  WriteFileId(request.id, &writer);
  writer.Number(static_cast<uint32_t>(request.umask)).Number(EncodeTime(request.mtime));
  writer.Number(request.size);
  writer.Number(static_cast<uint8_t>(request.next.size()));
  for (const NextFile& file : request.next) {
    writer.Text(file.temporary).Text(file.destination);
    WriteFileId(file.id, &writer);
    writer.Number(EncodeTime(file.mtime)).Number(file.size);
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
  request.size = reader.Number<uint64_t>();
  const auto count = reader.Number<uint8_t>();
  if (count > MaxNext(request.operation)) return Malformed("too many files");
  for (uint8_t i = 0; i < count; ++i) request.next.push_back(ReadNextFile(&reader));
  if (!reader.Finished()) return Malformed("wrong length");
  if (request.umask > 0777) return Malformed("umask out of range");
  return request;
}

std::string Encode(const Reply& reply) {
  Writer writer;
  WriteStatus(reply.status, &writer);
  writer.Number(static_cast<uint8_t>(reply.ids.size()));
  for (const FileId& id : reply.ids) WriteFileId(id, &writer);
  writer.Number(static_cast<uint8_t>(reply.not_set.size()));
  for (const uint32_t bits : reply.not_set) writer.Number(bits);
  return writer.Take();
}

absl::StatusOr<Reply> DecodeReply(std::string_view bytes) {
  Reader reader(bytes);
  std::optional<absl::Status> status = ReadStatus(&reader);
  Reply reply;
  const auto count = reader.Number<uint8_t>();
  if (count > kMaxFiles) return Malformed("too many files");
  for (uint8_t i = 0; i < count; ++i) reply.ids.push_back(ReadFileId(&reader));
  const auto published = reader.Number<uint8_t>();
  if (published > kMaxFiles) return Malformed("too many files");
  for (uint8_t i = 0; i < published; ++i) reply.not_set.push_back(reader.Number<uint32_t>());
  if (!reader.Finished()) return Malformed("wrong length");
  if (!status) return Malformed("no such status");
  for (const uint32_t bits : reply.not_set) {
    if (bits > (kModeNotSet | kTimeNotSet)) return Malformed("unknown bits");
  }
  reply.status = *std::move(status);
  return reply;
}

}  // namespace bitsd::wire
