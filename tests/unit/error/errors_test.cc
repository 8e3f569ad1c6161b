#include "server/error/errors.h"

#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/error/bits_codes.h"

namespace bitsd {
namespace {

TEST(HresultTest, EveryValueAndNameOccursOnce) {
  std::set<uint32_t> values;
  std::set<std::string_view> names;
  for (const HresultInfo& row : AllHresults()) {
    EXPECT_TRUE(values.insert(static_cast<uint32_t>(row.value)).second) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.message.empty()) << row.name;
  }
}

// The codes of BITS, in the ranges of bits.h.
std::vector<uint32_t> CodesOfBits() {
  std::vector<uint32_t> codes;
  const std::set<uint32_t> successes{0x06, 0x17, 0x1A, 0x2A, 0x55};
  for (const auto& [first, last] : std::vector<std::pair<uint32_t, uint32_t>>{
           {0x01, 0x2E}, {0x3E, 0x49}, {0x50, 0x59}, {0x60, 0x76}}) {
    for (uint32_t code = first; code <= last; ++code) {
      codes.push_back((successes.contains(code) ? 0x00200000 : 0x80200000) + code);
    }
  }
  return codes;
}

TEST(HresultTest, EveryCodeOfBitsHasANameAndASentence) {
  const std::vector<uint32_t> codes = CodesOfBits();
  EXPECT_EQ(codes.size(), 91u);
  for (const uint32_t code : codes) {
    const bool success = (code & 0x80000000) == 0;
    EXPECT_TRUE(HresultName(code).starts_with(success ? "BG_S_" : "BG_E_")) << HresultText(code);
    EXPECT_TRUE(HresultDescription(code).ends_with(".")) << HresultText(code);
  }
}

TEST(HresultTest, WhatBitsdNeverGivesIsInOneTableOnly) {
  std::set<uint32_t> values;
  for (const BitsCode& row : OtherBitsCodes()) {
    EXPECT_TRUE(values.insert(row.value).second) << row.name;
    EXPECT_EQ(FindHresult(row.value), nullptr) << row.name;
  }
}

TEST(HresultTest, HttpErrorsCarryTheirStatus) {
  EXPECT_EQ(static_cast<uint32_t>(HttpHresult(404)), 0x80190194u);
  EXPECT_EQ(HresultName(0x80190194), "BG_E_HTTP_ERROR_404");
  EXPECT_EQ(HresultName(0x80191000), "");
}

TEST(HresultTest, ValuesAreThoseOfTheHeaders) {
  EXPECT_EQ(HresultText(static_cast<uint32_t>(Hresult::kTokenRequired)), "0x80200056");
  EXPECT_EQ(HresultText(static_cast<uint32_t>(Hresult::kTooManyJobsPerMachine)), "0x80200050");
}

TEST(ErrorsTest, AStatusCarriesItsHresultAndRule) {
  const absl::Status status = error::AccessDenied(Rule::kHandleBoundToAnother, "no");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(DetailOf(status).hresult, Hresult::kAccessDenied);
  EXPECT_EQ(DetailOf(status).rule, "handle_bound_to_another");
}

TEST(ErrorsTest, AForeignStatusHasNoDetail) {
  EXPECT_EQ(DetailOf(absl::InternalError("x")).hresult, Hresult::kOk);
  EXPECT_EQ(DetailOf(absl::OkStatus()).rule, "");
}

}  // namespace
}  // namespace bitsd
