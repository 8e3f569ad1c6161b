#include "server/app/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/unique_fd.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

/// A port of `host` that was free a moment ago, or 0.
uint16_t FreePort(const std::string& host) {
  const bool v6 = host.front() == '[';
  sockaddr_in6 address6{};
  sockaddr_in address4{};
  address6.sin6_family = AF_INET6;
  address4.sin_family = AF_INET;
  auto* address =
      v6 ? reinterpret_cast<sockaddr*>(&address6) : reinterpret_cast<sockaddr*>(&address4);
  socklen_t size = v6 ? sizeof(address6) : sizeof(address4);
  const std::string text = v6 ? host.substr(1, host.size() - 2) : host;
  void* where = v6 ? static_cast<void*>(&address6.sin6_addr) : &address4.sin_addr;
  if (inet_pton(address->sa_family, text.c_str(), where) != 1) return 0;
  const UniqueFd fd(socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || bind(fd.get(), address, size) != 0) return 0;
  if (getsockname(fd.get(), address, &size) != 0) return 0;
  return ntohs(v6 ? address6.sin6_port : address4.sin_port);
}

}  // namespace

absl::StatusOr<std::string> ResolveListen(const std::string& listen) {
  absl::string_view host = listen;
  if (!absl::ConsumeSuffix(&host, ":0")) return listen;
  const uint16_t port = host.empty() ? 0 : FreePort(std::string(host));
  if (port == 0) {
    return error::InvalidArgument(
        absl::StrCat("listen: ", listen, " is not an address of this machine"));
  }
  return absl::StrCat(host, ":", port);
}

absl::Status WriteEndpoint(const std::string& run_dir, const std::string& endpoint) {
  const std::string path = absl::StrCat(run_dir, "/endpoint");
  const std::string temporary = absl::StrCat(path, ".new");
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << endpoint << "\n";
    file.flush();
    if (file && rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  }
  return error::InvalidArgument(absl::StrCat("cannot write ", path, ": ", strerror(errno)));
}

bool IsLocalAddress(const policy::Endpoint& endpoint) {
  // The kernel binds to its own addresses only, those of whole networks on it among them.
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  memcpy(&address.sin6_addr, endpoint.address, sizeof(endpoint.address));
  if (!IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    const UniqueFd fd(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // A machine without IPv6 has no such address.
    if (!fd.valid()) return errno != EAFNOSUPPORT;
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      return true;
    }
    // A link-local address without its interface: EINVAL.
    return errno != EADDRNOTAVAIL;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  memcpy(&v4.sin_addr, endpoint.address + 12, sizeof(v4.sin_addr));
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno != EAFNOSUPPORT;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&v4), sizeof(v4)) == 0) return true;
  return errno != EADDRNOTAVAIL;
}

}  // namespace bitsd
