#include "bitsd/client/error.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "absl/strings/cord.h"
#include "client/wire_status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace bits {
namespace {

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kDomain[] = "bits.v1";

std::string MetadataOf(const google::rpc::ErrorInfo& info, const std::string& key) {
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? "" : found->second;
}

std::optional<google::rpc::ErrorInfo> FindInfo(const std::string& details) {
  google::rpc::Status status;
  if (!status.ParseFromString(details)) return std::nullopt;
  for (const auto& detail : status.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info) && info.domain() == kDomain) return info;
  }
  return std::nullopt;
}

}  // namespace

absl::Status StatusFromWire(int code, const std::string& message, const std::string& details) {
  absl::Status status(static_cast<absl::StatusCode>(code), message);
  if (status.ok()) return status;
  if (const auto info = FindInfo(details)) {
    status.SetPayload(kErrorInfoUrl, absl::Cord(info->SerializeAsString()));
  }
  return status;
}

CallError ErrorOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorInfoUrl);
  google::rpc::ErrorInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload))) return {};
  const auto hresult = std::strtoul(MetadataOf(info, "hresult").c_str(), nullptr, 16);
  return {static_cast<uint32_t>(hresult), info.reason(), MetadataOf(info, "rule")};
}

std::string HresultText(uint32_t hresult) {
  char text[11];
  std::snprintf(text, sizeof(text), "0x%08X", hresult);
  return text;
}

}  // namespace bits
