#include "bitsd/client/error.h"

#include <google/protobuf/unknown_field_set.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "client/connection/wire_status.h"

namespace bits {
namespace {

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kDomain[] = "bits.v1";

// Field numbers of google.rpc.Status, google.protobuf.Any, google.rpc.ErrorInfo and its map. The
// messages are read by hand: a program may link its own generated google.rpc types, and Protobuf
// ends a program that has two of them.
constexpr int kStatusDetails = 3;
constexpr int kAnyUrl = 1;
constexpr int kAnyValue = 2;
constexpr int kInfoReason = 1;
constexpr int kInfoDomain = 2;
constexpr int kInfoMetadata = 3;
constexpr int kMapKey = 1;
constexpr int kMapValue = 2;

// Every string or message that `message` has as field `number`; none of what cannot be parsed.
std::vector<std::string> Fields(const std::string& message, int number) {
  google::protobuf::UnknownFieldSet fields;
  std::vector<std::string> values;
  if (!fields.ParseFromString(message)) return values;
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    const bool is_text = field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED;
    if (is_text && field.number() == number) values.push_back(field.length_delimited());
  }
  return values;
}

// The last one counts, as in Protobuf.
std::string Field(const std::string& message, int number) {
  const std::vector<std::string> values = Fields(message, number);
  return values.empty() ? "" : values.back();
}

std::string MetadataOf(const std::string& info, std::string_view key) {
  for (const std::string& entry : Fields(info, kInfoMetadata)) {
    if (Field(entry, kMapKey) == key) return Field(entry, kMapValue);
  }
  return "";
}

std::optional<std::string> FindInfo(const std::string& status) {
  for (const std::string& detail : Fields(status, kStatusDetails)) {
    if (Field(detail, kAnyUrl) != kErrorInfoUrl) continue;
    std::string info = Field(detail, kAnyValue);
    if (Field(info, kInfoDomain) == kDomain) return info;
  }
  return std::nullopt;
}

void AddField(google::protobuf::UnknownFieldSet& fields, int number, std::string value) {
  *fields.AddLengthDelimited(number) = std::move(value);
}

void AddMetadata(google::protobuf::UnknownFieldSet& info, std::string key, std::string value) {
  google::protobuf::UnknownFieldSet entry;
  AddField(entry, kMapKey, std::move(key));
  AddField(entry, kMapValue, std::move(value));
  std::string bytes;
  entry.SerializeToString(&bytes);
  AddField(info, kInfoMetadata, std::move(bytes));
}

}  // namespace

absl::Status StatusFromWire(int code, const std::string& message, const std::string& details) {
  absl::Status status(static_cast<absl::StatusCode>(code), message);
  if (status.ok()) return status;
  if (const auto info = FindInfo(details)) status.SetPayload(kErrorInfoUrl, absl::Cord(*info));
  return status;
}

CallError ErrorOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorInfoUrl);
  if (!payload) return {};
  const std::string info(*payload);
  const auto hresult = std::strtoul(MetadataOf(info, "hresult").c_str(), nullptr, 16);
  return {static_cast<uint32_t>(hresult), Field(info, kInfoReason), MetadataOf(info, "rule")};
}

absl::Status MakeStatus(absl::StatusCode code, const CallError& error, const std::string& message) {
  google::protobuf::UnknownFieldSet info;
  AddField(info, kInfoReason, error.reason);
  AddField(info, kInfoDomain, kDomain);
  AddMetadata(info, "hresult", HresultText(error.hresult));
  if (!error.rule.empty()) AddMetadata(info, "rule", error.rule);
  std::string bytes;
  info.SerializeToString(&bytes);
  absl::Status status(code, message);
  status.SetPayload(kErrorInfoUrl, absl::Cord(bytes));
  return status;
}

std::string HresultText(uint32_t hresult) {
  char text[11];
  std::snprintf(text, sizeof(text), "0x%08X", hresult);
  return text;
}

}  // namespace bits
