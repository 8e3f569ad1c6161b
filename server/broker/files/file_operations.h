// The operations of file_broker.h, done as whoever the calling process is.
//
// A request comes from a server that may be compromised: every name is checked again here, only
// temporary names can be made, opened or removed, and reopen, publish and remove act only if the
// name still leads to the recorded file (file_look.h). What the process may not do, the kernel
// refuses.
//
// The files of one request share a folder, which is looked up and judged once (file_place.h).
//
// Thread safety: none. Ownership: keeps a reference to the paths it was made with.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_OPERATIONS_H_
#define BITSD_SERVER_BROKER_FILES_FILE_OPERATIONS_H_

#include "server/broker/files/safe_path.h"
#include "server/broker/wire/file_result.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

class FileOperations {
 public:
  explicit FileOperations(const SafePaths& paths) : paths_(paths) {}

  FileResult Perform(const wire::FileRequest& request) const;

  /// Takes back a creation whose answer nobody received.
  void Undo(const wire::FileRequest& request, const FileResult& result) const;

 private:
  const SafePaths& paths_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_OPERATIONS_H_
