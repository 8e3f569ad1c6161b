#include "server/network/agent_wire.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "server/broker/wire/wire_codec.h"
#include "server/error/errors.h"

namespace bitsd::network {
namespace {

constexpr size_t kMaxHost = 255;

absl::Status Malformed(std::string_view what) {
  return error::InvalidArgument("malformed message of a credential agent: " + std::string(what));
}

bool IsQuestion(Question question) {
  return question >= Question::kNegotiate && question <= Question::kTake;
}

bool IsAskedRight(const AgentRequest& request) {
  switch (request.question) {
    case Question::kNegotiate:
      return IsServiceHost(request.host) && request.count >= 1 && request.count <= kMaxTokens;
    case Question::kNtlm: return true;
    case Question::kTake: return !request.cache.empty();
  }
  return false;
}

}  // namespace

bool IsServiceHost(std::string_view host) {
  const auto part = [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
  };
  return !host.empty() && host.size() <= kMaxHost && host.front() != '.' && host.front() != '-' &&
         std::all_of(host.begin(), host.end(), part);
}

std::string Encode(const AgentRequest& request) {
  wire::Writer writer;
  writer.Number(request.number).Number(request.question).Number(request.count);
  writer.Text(request.host).Bytes(request.cache.view());
  return writer.Take();
}

absl::StatusOr<AgentRequest> DecodeAgentRequest(std::string_view bytes) {
  wire::Reader reader(bytes);
  AgentRequest request;
  request.number = reader.Number<uint64_t>();
  request.question = reader.Number<Question>();
  request.count = reader.Number<uint8_t>();
  request.host = reader.Text(kMaxHost);
  request.cache = Secret(reader.Bytes(kMaxCacheBytes));
  if (!reader.Finished()) return Malformed("wrong length");
  if (!IsQuestion(request.question)) return Malformed("unknown question");
  if (!IsAskedRight(request)) return Malformed("no such host, count or cache");
  return request;
}

std::string Encode(const AgentReply& reply) {
  wire::Writer writer;
  writer.Number(reply.number);
  wire::WriteStatus(reply.status, &writer);
  writer.Number(static_cast<uint8_t>(reply.answers.size()));
  for (const Secret& answer : reply.answers) writer.Bytes(answer.view());
  return writer.Take();
}

absl::StatusOr<AgentReply> DecodeAgentReply(std::string_view bytes) {
  wire::Reader reader(bytes);
  AgentReply reply;
  reply.number = reader.Number<uint64_t>();
  std::optional<absl::Status> status = wire::ReadStatus(&reader);
  const auto count = reader.Number<uint8_t>();
  if (count > kMaxTokens) return Malformed("too many answers");
  for (uint8_t i = 0; i < count; ++i) reply.answers.emplace_back(reader.Bytes(kMaxToken));
  if (!reader.Finished()) return Malformed("wrong length");
  if (!status || status->ok() == reply.answers.empty()) return Malformed("no such status");
  reply.status = *std::move(status);
  return reply;
}

}  // namespace bitsd::network
