// Heads of responses, and requests that go on with a file.
//
// Thread safety: constants and pure functions.

#ifndef BITSD_TESTS_UNIT_TRANSFER_HTTP_RESPONSE_FIXTURE_H_
#define BITSD_TESTS_UNIT_TRANSFER_HTTP_RESPONSE_FIXTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/transfer/http/http_response.h"
#include "server/transfer/http/response_rules.h"

namespace bitsd {

using Kind = ResponseVerdict::Kind;
using Step = HttpHeadParser::Step;

inline constexpr char kDate[] = "Sat, 01 Nov 2025 10:00:00 GMT";
inline constexpr char kDateField[] = "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\n";

inline absl::Time Now() { return absl::FromUnixSeconds(1'770'000'000); }  // In February 2026.

inline HttpResponse Parse(std::vector<std::string> lines) {
  HttpHeadParser parser;
  for (const std::string& line : lines) EXPECT_EQ(parser.Add(line), Step::kMore) << line;
  EXPECT_EQ(parser.Add("\r\n"), Step::kComplete);
  HttpResponse response = parser.response();
  response.received = Now();
  return response;
}

/// A file of which bytes are here, with this validator and more.
inline RequestPlan Resuming(uint64_t offset, uint64_t size) {
  RequestPlan plan;
  plan.offset = plan.kept = offset;
  plan.source = {size, "\"v1\"", kDate, true, "image/png", ""};
  return plan;
}

inline RequestPlan ResumingByDate(uint64_t offset, uint64_t size) {
  RequestPlan plan = Resuming(offset, size);
  plan.source.etag.clear();
  return plan;
}

inline Hresult Refusal(const ResponseVerdict& verdict) {
  EXPECT_EQ(verdict.kind, Kind::kFailure);
  return verdict.failure.error.hresult;
}

/// An answer that is not valid, whose message has `text`.
inline void ExpectInvalid(const ResponseVerdict& verdict, const std::string& text) {
  EXPECT_EQ(Refusal(verdict), Hresult::kInvalidServerResponse) << text;
  EXPECT_FALSE(verdict.failure.transient) << text;
  EXPECT_THAT(verdict.failure.error.message, ::testing::HasSubstr(text));
}

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_TRANSFER_HTTP_RESPONSE_FIXTURE_H_
