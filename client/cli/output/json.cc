#include "client/cli/output/json.h"

#include <google/protobuf/util/json_util.h>

namespace bits::cli {
namespace {

std::string ToJson(const google::protobuf::Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = pretty;
  print.preserve_proto_field_names = true;
  print.always_print_primitive_fields = true;
  std::string json;
  // It fails for malformed well-known types only, such as a time of the year 20000.
  if (!google::protobuf::util::MessageToJsonString(message, &json, print).ok()) json = "{}";
  if (json.empty() || json.back() != '\n') json += "\n";
  return json;
}

}  // namespace

std::string PrettyJson(const google::protobuf::Message& message) { return ToJson(message, true); }

std::string JsonLine(const google::protobuf::Message& message) { return ToJson(message, false); }

}  // namespace bits::cli
