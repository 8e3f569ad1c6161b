// Whose connections a download uses.
//
// Thread safety: pure functions, but for the number of each download that may be authenticated.

#ifndef BITSD_SERVER_TRANSFER_HTTP_CONNECTION_CONTEXT_H_
#define BITSD_SERVER_TRANSFER_HTTP_CONNECTION_CONTEXT_H_

#include <cstdint>
#include <string>

#include "server/model/transfer_service.h"
#include "server/transfer/common/transfer_options.h"

namespace bitsd {

/// It may come to show something: a login, a certificate, an identity.
bool MayShow(const HttpTask& http);

/// The HTTP security flags of the job.
uint32_t FlagsOf(const HttpTask& http);

/// Connections that may be authenticated are of one download, whose number is never given again;
/// others are shared by what is the same security context in everything, the options that judged
/// whom they lead to included.
std::string ConnectionContextOf(const NetworkTask& task, const TransferOptions& options);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_CONNECTION_CONTEXT_H_
