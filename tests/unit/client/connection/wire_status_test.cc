// What a status that came over the wire says.

#include "client/connection/wire_status.h"

#include <string>

#include "bitsd/client/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

std::string Details(const std::string& domain) {
  google::rpc::ErrorInfo info;
  info.set_domain(domain);
  info.set_reason("E_ACCESSDENIED");
  (*info.mutable_metadata())["hresult"] = "0x80070005";
  (*info.mutable_metadata())["rule"] = "handle_bound_to_another";
  google::rpc::Status status;
  status.add_details()->PackFrom(info);
  return status.SerializeAsString();
}

TEST(CallErrorTest, AStatusSaysHresultReasonAndRule) {
  const CallError error = ErrorOf(StatusFromWire(7, "no", Details("bits.v1")));
  EXPECT_EQ(error.hresult, 0x80070005u);
  EXPECT_EQ(error.reason, "E_ACCESSDENIED");
  EXPECT_EQ(error.rule, "handle_bound_to_another");
}

TEST(CallErrorTest, DetailsOfOthersAndGarbageAreIgnored) {
  for (const std::string& details :
       {std::string(), std::string("\xff\x01garbage"), Details("evil")}) {
    const absl::Status status = StatusFromWire(7, "no", details);
    EXPECT_TRUE(absl::IsPermissionDenied(status));
    EXPECT_EQ(ErrorOf(status).hresult, 0u);
  }
}

}  // namespace
}  // namespace bits
