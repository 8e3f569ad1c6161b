// HTTP and HTTPS, as the transfer engine sees them.
//
// Thread safety: as Protocol. Ownership: it owns the thread that does all HTTP, which is the
// executor of all transfer work.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_PROTOCOL_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_PROTOCOL_H_

#include <memory>

#include "absl/time/time.h"
#include "server/transfer/common/executor.h"
#include "server/transfer/common/protocol.h"
#include "server/transfer/http/http_engine.h"

namespace bitsd {

class HttpProtocol final : public Protocol {
 public:
  /// Connections that are unused for `idle_connections` are closed.
  explicit HttpProtocol(absl::Duration idle_connections) : engine_(idle_connections) {}

  std::shared_ptr<ContentSource> NewSource(const TransferContext& context, const DownloadTask& task,
                                           std::shared_ptr<ContentSink> sink) override;
  absl::Time ModifiedAt(const SourceVersion& version) const override;

  Executor& executor() { return engine_; }

 private:
  HttpEngine engine_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_PROTOCOL_H_
