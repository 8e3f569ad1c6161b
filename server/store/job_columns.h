// What the store keeps of each thing, column by column: see columns.h for who reads these lists.
//
// A new column goes to the end of its list, and into the schema by a migration (schema.cc). Thread
// safety: pure functions. Ownership: rows point to what they describe.

#ifndef BITSD_SERVER_STORE_JOB_COLUMNS_H_
#define BITSD_SERVER_STORE_JOB_COLUMNS_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "server/model/job_store.h"
#include "server/model/record_bounds.h"
#include "server/policy/job_limits.h"
#include "server/policy/token_rules.h"
#include "server/store/columns.h"

namespace bitsd {

inline constexpr uint64_t kMaxUint32 = std::numeric_limits<uint32_t>::max();
/// No job that is there has more files: older versions had no bound for administrators.
inline constexpr uint64_t kMaxStoredFiles = uint64_t{1} << 24;
/// One for each target and scheme.
inline constexpr uint64_t kMaxStoredCredentials = 10;
/// User name and password, encrypted, at their longest.
inline constexpr size_t kMaxSealed = size_t{512} << 10;

template <typename Io, typename Error>
void DescribeError(Io& io, Error&& error) {
  io.Number("error_context", error.context, 8);
  io.Number("error_hresult", error.hresult, kMaxUint32);
  io.Number("error_http_status", error.http_status, kMaxHttpStatus);
  io.Text("error_message", error.message, TextKind::kBytes);
  io.Text("error_rule", error.rule, TextKind::kUtf8);
  io.Optional(error.file_index, [](auto& inner, auto& index) {
    inner.Number("error_file_index", index, kMaxStoredFiles);
  });
  io.Optional(error.next_retry,
              [](auto& inner, auto& time) { inner.Time("error_next_retry", time); });
}

/// A job without its files, of which it has `files`.
template <typename Io, typename Record, typename Count>
void DescribeJob(Io& io, Record&& job, Count&& files, uint64_t max_files = kMaxStoredFiles) {
  io.Id("id", job.id);
  io.Number("type", job.type, 2);
  io.Number("state", job.state, 8);
  io.Text("display_name", job.display_name, TextKind::kUtf8);
  io.Text("description", job.description, TextKind::kUtf8);
  io.Number("priority", job.priority, 3);
  io.User("owner", job.owner);
  io.Number("elevated", job.elevated, 1);
  io.Number("token_flags", job.token_flags, kTokenLocalFile | kTokenNetwork);
  io.Duration("minimum_retry_delay", job.minimum_retry_delay);
  io.Duration("no_progress_timeout", job.no_progress_timeout);
  io.Time("creation", job.creation);
  io.Time("modification", job.modification);
  io.Optional(job.transfer_completion,
              [](auto& inner, auto& time) { inner.Time("transfer_completion", time); });
  io.Number("error_count", job.error_count, kMaxUint32);
  io.Optional(job.no_progress_since,
              [](auto& inner, auto& time) { inner.Time("no_progress_since", time); });
  io.Number("completing", job.completing, 1);
  io.AnyNumber("revision", job.revision);
  io.Number("files", files, max_files);
  io.Optional(job.error, [](auto& inner, auto& error) { DescribeError(inner, error); });
}

template <typename Io, typename Id, typename Settings>
void DescribeNetwork(Io& io, Id&& job, Settings&& network) {
  io.Id("job", job);
  io.Number("proxy_usage", network.proxy_usage, 3);
  io.Text("proxy_list", network.proxy_list, TextKind::kUtf8);
  io.Text("proxy_bypass", network.proxy_bypass, TextKind::kUtf8);
  io.Number("security_flags", network.security_flags, kMaxUint32);
  io.Optional(network.client_certificate, [](auto& inner, auto& files) {
    inner.Text("certificate", files.certificate, TextKind::kLocalName);
    inner.Text("certificate_key", files.key, TextKind::kLocalName);
  });
}

/// A credential as it is stored: an explicit one without `sealed` was not kept.
struct StoredCredential {
  AuthTarget target = AuthTarget::kServer;
  AuthScheme scheme = AuthScheme::kBasic;
  bool implicit = false;
  std::optional<std::string> sealed;
};

template <typename Io, typename Id, typename Index, typename Credential>
void DescribeCredential(Io& io, Id&& job, Index&& index, Credential&& credential) {
  io.Id("job", job);
  io.Number("number", index, kMaxStoredCredentials);
  io.Number("target", credential.target, 2);
  io.Number("scheme", credential.scheme, 5);
  io.Number("implicit", credential.implicit, 1);
  io.Optional(credential.sealed,
              [](auto& inner, auto& sealed) { inner.Blob("sealed", sealed, kMaxSealed); });
}

template <typename Io, typename Temporary>
void DescribeTemporary(Io& io, Temporary&& file) {
  io.Text("temporary_path", file.path, TextKind::kLocalName);
  io.User("temporary_creator", file.creator);
  io.AnyNumber("temporary_device", file.id.device);
  io.AnyNumber("temporary_inode", file.id.inode);
  io.AnyNumber("temporary_birth", file.id.birth);
  io.AnyNumber("temporary_mark", file.id.mark);
  io.Number("temporary_owner", file.id.owner, kMaxUint32);
  io.Number("temporary_mode", file.id.mode, kMaxUint32);
}

/// File number `index` of `job`.
template <typename Io, typename Id, typename Index, typename Record>
void DescribeFile(Io& io, Id&& job, Index&& index, Record&& file) {
  io.Id("job", job);
  io.Number("number", index, kMaxStoredFiles);
  io.Text("remote_name", file.remote_name, TextKind::kAscii);
  io.Text("local_name", file.local_name, TextKind::kLocalName);
  auto& progress = file.progress;
  io.AnyNumber("size", progress.size);
  io.AnyNumber("synced", progress.synced);
  io.Text("etag", progress.version.tag, TextKind::kBytes);
  io.Text("last_modified", progress.version.date, TextKind::kBytes);
  io.Text("final_url", progress.final_url, TextKind::kBytes);
  io.Number("transferred", progress.transferred, 1);
  io.Number("not_resumable", progress.not_resumable, 1);
  io.Number("restarts", progress.restarts, kMaxUint32);
  io.Number("completed", file.completed, 1);
  io.Number("not_set", file.not_set, kModeNotSet | kTimeNotSet);
  io.Optional(progress.temporary,
              [](auto& inner, auto& temporary) { DescribeTemporary(inner, temporary); });
  io.Text("content_type", progress.version.content_type, TextKind::kBytes);
  io.Text("content_encoding", progress.version.content_encoding, TextKind::kBytes);
  io.Number("strong_date", progress.version.strong_date, 1);
  io.Number("doubts", progress.doubts, kMaxUint32);
  io.AnyNumber("replaced_size", progress.replaced_size);
}

template <typename Io, typename Id, typename Index, typename Temporary>
void DescribeAbandoned(Io& io, Id&& job, Index&& index, Temporary&& file) {
  io.Id("job", job);
  io.Number("number", index, kMaxStoredFiles);
  DescribeTemporary(io, file);
}

/// A remembered request and the job as it was answered, which had `files` files.
template <typename Io, typename Request, typename Record, typename Count>
void DescribeRequest(Io& io, Request&& request, Record&& answer, Count&& files) {
  io.User("caller", request.caller);
  io.Text("request_id", request.request_id, TextKind::kAscii);
  io.Digest("fingerprint", request.fingerprint);
  io.Time("expires", request.expires);
  DescribeJob(io, answer, files, policy::kMaxFilesPerJob);
}

template <typename Io, typename Session>
void DescribeSession(Io& io, Session&& session) {
  io.Id("id", session.id);
  io.User("user", session.user);
  io.Number("is_default", session.is_default, 1);
  io.Duration("ttl", session.ttl);
  io.Time("begin_time", session.begin);
  io.Time("deadline", session.deadline);
}

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_JOB_COLUMNS_H_
