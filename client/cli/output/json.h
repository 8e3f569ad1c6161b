// What --json prints: messages in protobuf's JSON with the field names of the proto files.
//
// 64-bit numbers are strings there, times RFC 3339 in UTC. Every character that a terminal would
// act on is escaped. Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_OUTPUT_JSON_H_
#define BITSD_CLIENT_CLI_OUTPUT_JSON_H_

#include <google/protobuf/message.h>

#include <string>

namespace bits::cli {

/// Several lines, with a newline at the end.
std::string PrettyJson(const google::protobuf::Message& message);

/// One line, with a newline at the end.
std::string JsonLine(const google::protobuf::Message& message);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_OUTPUT_JSON_H_
