#include "server/broker/wire/wire_codec.h"

#include "server/base/utf8.h"
#include "server/error/errors.h"

namespace bitsd::wire {
namespace {

enum class Outcome : uint8_t { kOk = 0, kError = 1 };

/// RuleName answers "unknown" from the first number that is no rule.
bool IsRule(uint32_t number) {
  return number < 1000 && RuleName(static_cast<Rule>(number)) != "unknown";
}

uint32_t NumberOfRule(std::string_view name) {
  uint32_t number = 0;
  while (IsRule(number) && RuleName(static_cast<Rule>(number)) != name) ++number;
  return number;
}

std::optional<absl::Status> MakeError(uint32_t hresult, uint32_t rule, const std::string& message) {
  switch (static_cast<Hresult>(hresult)) {
    case Hresult::kAccessDenied:
      if (!IsRule(rule)) return std::nullopt;
      return error::AccessDenied(static_cast<Rule>(rule), message);
    case Hresult::kInvalidArgument: return error::InvalidArgument(message);
    case Hresult::kStringTooLong: return error::StringTooLong(message);
    case Hresult::kDiskFull: return error::DiskFull(message);
    case Hresult::kTokenRequired: return error::TokenRequired(message);
    case Hresult::kNotReady: return error::Unavailable(message);
    default: return std::nullopt;
  }
}

std::string Printable(std::string text) {
  const bool utf8 = DecodeUtf8(text).has_value();
  std::replace_if(
      text.begin(), text.end(),
      [utf8](unsigned char c) { return c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8); }, '?');
  return text;
}

/// What has no HRESULT is no answer of these messages: its peer hears that it may go later.
Hresult HresultOf(const absl::Status& status, const ErrorDetail& detail) {
  return !status.ok() && detail.hresult == Hresult::kOk ? Hresult::kNotReady : detail.hresult;
}

}  // namespace

void WriteStatus(const absl::Status& status, Writer* writer) {
  const ErrorDetail detail = DetailOf(status);
  writer->Number(status.ok() ? Outcome::kOk : Outcome::kError);
  writer->Number(static_cast<uint32_t>(HresultOf(status, detail)))
      .Number(NumberOfRule(detail.rule));
  writer->Text({status.message().data(), status.message().size()});
}

std::optional<absl::Status> ReadStatus(Reader* reader) {
  const auto outcome = reader->Number<Outcome>();
  const auto hresult = reader->Number<uint32_t>();
  const auto rule = reader->Number<uint32_t>();
  const std::string message = Printable(reader->Text(kMaxText));
  switch (outcome) {
    case Outcome::kOk: return absl::OkStatus();
    case Outcome::kError: return MakeError(hresult, rule, message);
  }
  return std::nullopt;
}

}  // namespace bitsd::wire
