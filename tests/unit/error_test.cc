#include <set>

#include "gtest/gtest.h"
#include "server/error/errors.h"

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
