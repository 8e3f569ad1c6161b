// What GetServerInfo answers. Thread safety: a value.

#ifndef BITSD_SERVER_RPC_SERVER_INFO_H_
#define BITSD_SERVER_RPC_SERVER_INFO_H_

#include <cstddef>
#include <string>
#include <vector>

namespace bitsd::rpc {

struct ServerInfo {
  std::string version;
  std::string policy;  ///< windows10_1607 or windows7.
  bool identity_switching = false;
  std::vector<std::string> features;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVER_INFO_H_
