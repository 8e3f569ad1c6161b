#include "server/transfer/http/http_protocol.h"

#include <utility>

#include "server/transfer/http/http_source.h"
#include "server/transfer/http/http_time.h"

namespace bitsd {

std::shared_ptr<ContentSource> HttpProtocol::NewSource(const TransferContext& context,
                                                       const DownloadTask& task,
                                                       std::shared_ptr<ContentSink> sink) {
  return std::make_shared<HttpSource>(engine_, context, task, std::move(sink));
}

absl::Time HttpProtocol::ModifiedAt(const SourceVersion& version) const {
  const auto modified = ParseHttpTime(version.date.str(), absl::Now());
  return modified ? modified->time : absl::InfinitePast();
}

}  // namespace bitsd
