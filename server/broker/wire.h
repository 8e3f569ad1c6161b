// The messages between the server, the broker and its workers: a closed list, every field bounded.
//
// Integers are in the machine's byte order: both ends are one binary on one machine. A message that
// is too short, too long, or holds a value out of bounds does not decode. Thread safety: pure
// functions and values.

#ifndef BITSD_SERVER_BROKER_WIRE_H_
#define BITSD_SERVER_BROKER_WIRE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/identity/access_token.h"
#include "server/identity/network_credentials.h"
#include "server/model/file_id.h"

namespace bitsd::wire {

inline constexpr size_t kMaxGroups = 1024;
/// Files that one request creates or publishes.
inline constexpr size_t kMaxFiles = 32;

enum class Operation : uint8_t {
  kOpenWorker = 1,  ///< To the broker, as kOpenAgent; all others to a worker.
  kCheckDirectory = 2,
  kCreateTemporary = 3,
  kReopenTemporary = 4,
  kPublish = 5,
  kRemoveTemporary = 6,
  kSyncDirectory = 7,
  kOpenPem = 8,
  kOpenSource = 9,
  kCheckTemporary = 10,
  kOpenAgent = 64,
};

/// Asks the broker for a worker; the reply carries the worker's channel.
struct OpenWorkerRequest {
  Sid sid;
  PosixIdentity posix;

  friend bool operator==(const OpenWorkerRequest&, const OpenWorkerRequest&) = default;
};

/// Asks the broker for a credential agent; the reply carries the agent's channel.
struct OpenAgentRequest {
  Sid sid;
  /// As the account directory has them. Without any, the agent waits for delegated credentials.
  std::optional<KerberosAccount> kerberos;
  std::optional<NtlmAccount> ntlm;

  bool delegated() const { return !kerberos && !ntlm; }
  friend bool operator==(const OpenAgentRequest&, const OpenAgentRequest&) = default;
};

/// One more file of a request, in the folder of its first, or in the one that is checked; names
/// without that folder.
struct NextFile {
  std::string temporary;
  std::string destination;  ///< To publish, or to check.
  FileId id;
  absl::Time mtime = absl::InfinitePast();
  uint64_t size = 0;
};

/// Asks a worker for one operation of file_broker.h. Fields the operation does not need are empty.
struct FileRequest {
  Operation operation = Operation::kCheckDirectory;
  std::string path;
  std::string destination;
  FileId id;
  mode_t umask = 0;
  absl::Time mtime = absl::InfinitePast();
  uint64_t size = 0;           ///< What the file has at least.
  std::vector<NextFile> next;  ///< At most MaxNext.
};

/// How many files a request may have after its first; where it checks a folder, how many in all.
size_t MaxNext(Operation operation);

/// What became of a request.
struct Reply {
  absl::Status status;
  /// The files that were done, in order; `status` is about the one after them. Those created come
  /// with as many descriptors.
  std::vector<FileId> ids;
  /// Bits of FileNotSet, for each file that was published; else empty.
  std::vector<uint32_t> not_set = {};
};

std::string Encode(const OpenWorkerRequest& request);
std::string Encode(const OpenAgentRequest& request);
std::string Encode(const FileRequest& request);
std::string Encode(const Reply& reply);

/// E_INVALIDARG when `bytes` are not such a message.
absl::StatusOr<OpenWorkerRequest> DecodeOpenWorker(std::string_view bytes);
absl::StatusOr<OpenAgentRequest> DecodeOpenAgent(std::string_view bytes);
absl::StatusOr<FileRequest> DecodeFileRequest(std::string_view bytes);
absl::StatusOr<Reply> DecodeReply(std::string_view bytes);

/// Which of the two requests to the broker `bytes` may be.
bool IsOpenAgent(std::string_view bytes);

}  // namespace bitsd::wire

#endif  // BITSD_SERVER_BROKER_WIRE_H_
