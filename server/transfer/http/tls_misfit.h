// Handshakes that fail because the two ends do not fit, and would fail again.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_TRANSFER_HTTP_TLS_MISFIT_H_
#define BITSD_SERVER_TRANSFER_HTTP_TLS_MISFIT_H_

#include <string_view>

namespace bitsd {

/// What is wrong between the two ends when a handshake ended with `detail`, in which libcurl quotes
/// OpenSSL's error; empty when it is nothing that would be the same the next time.
std::string_view TlsMisfit(std::string_view detail);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_TLS_MISFIT_H_
