// The client without a service: text forms, statuses, formatting, usage.

#include <google/protobuf/descriptor.pb.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"
#include "bitsd/client/error.h"
#include "bitsd/client/handle.h"
#include "client/base/uuid.h"
#include "client/cli/token_flags.h"
#include "client/connection/service_config.h"
#include "client/connection/wire_status.h"
#include "client/identity/sid_text.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_run.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

constexpr char kAlice[] = "S-1-5-21-1111111111-2222222222-3333333333-500";
constexpr char kHex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

// ---- SIDs, UUIDs, handles ----

TEST(SidTextTest, OnlyCanonicalTextIsASid) {
  for (const char* good : {"S-1-5-18", kAlice, "S-1-0x123456789ABC-1", "S-1-5-4294967295"}) {
    EXPECT_TRUE(IsCanonicalSid(good)) << good;
  }
  for (const char* bad :
       {"", "S-1-5", "S-1-5-", "s-1-5-18", "S-1-05-18", "S-1-5-018", "S-1-5-4294967296", "S-2-5-18",
        "S-1-5--18", "S-1-5-18-", "S-1-0x000000000005-18", "S-1-0x123456789abc-1", "S-1-5-18 ",
        "S-1-5-+1", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16"}) {
    EXPECT_FALSE(IsCanonicalSid(bad)) << bad;
  }
}

TEST(UuidTest, EverySpellingBecomesTheCanonicalOne) {
  const std::string canonical = "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2";
  EXPECT_EQ(CanonicalUuid("{9A2584C3-F7D2-457A-9A5E-22B67BFFC7D2}"), canonical);
  EXPECT_EQ(CanonicalUuid(canonical), canonical);
  for (const char* bad :
       {"", "nightly", "{9a2584c3-f7d2-457a-9a5e-22b67bffc7d2",
        "9a2584c3-f7d2-457a-9a5e-22b67bffc7dg", "9a2584c3f7d2457a9a5e22b67bffc7d2"}) {
    EXPECT_FALSE(CanonicalUuid(bad)) << bad;
  }
}

TEST(UuidTest, NewOnesAreCanonicalAndDiffer) {
  const auto one = NewUuid();
  const auto two = NewUuid();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(CanonicalUuid(*one), *one);
  EXPECT_EQ((*one)[14], '4');
  EXPECT_NE(*one, *two);
}

TEST(HandleTest, HexGoesThereAndBack) {
  const auto handle = Handle::FromHex(std::string(kHex) + "\n");
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_EQ(handle->bytes().size(), Handle::kSize);
  EXPECT_EQ(handle->bytes()[31], '\x1f');
  EXPECT_EQ(handle->ToHex(), kHex);
}

TEST(HandleTest, AnythingElseIsRefusedWithoutRepeatingIt) {
  const std::string text = kHex;
  for (const std::string& bad : {std::string(), text.substr(1), text + "0", "g" + text.substr(1)}) {
    const auto handle = Handle::FromHex(bad);
    ASSERT_FALSE(handle.ok());
    EXPECT_THAT(std::string(handle.status().message()), Not(HasSubstr("0203")));
  }
  EXPECT_FALSE(Handle::FromBytes("short").ok());
}

// ---- statuses and the table of calls ----

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

/// Every method of the contract.
std::vector<const google::protobuf::MethodDescriptor*> Methods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const auto* file :
       {v1::CreateJobRequest::descriptor()->file(), v1::Job::descriptor()->file(),
        v1::SetHelperTokenRequest::descriptor()->file(), v1::Session::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

TEST(RepeatTest, OnlyReadersAndRequestsWithAnIdMayBeRepeated) {
  using google::protobuf::MethodOptions;
  for (const auto* method : Methods()) {
    const std::string& name = method->name();
    const bool reads = name.starts_with("Get") || name.starts_with("List");
    const bool has_id = method->input_type()->FindFieldByName("request_id") != nullptr;
    EXPECT_EQ(method->options().idempotency_level(), reads    ? MethodOptions::NO_SIDE_EFFECTS
                                                     : has_id ? MethodOptions::IDEMPOTENT
                                                              : MethodOptions::IDEMPOTENCY_UNKNOWN)
        << name;
  }
}

TEST(RepeatTest, GrpcRepeatsWhatTheContractAllowsAndNothingElse) {
  const std::string config = ServiceConfig();
  for (const auto* method : Methods()) {
    const std::string name = R"({"service":")" + method->service()->full_name() +
                             R"(","method":")" + method->name() + R"("})";
    EXPECT_EQ(config.find(name) != std::string::npos, method->options().has_idempotency_level())
        << name;
  }
}

// ---- values ----

TEST(TokenFlagsTest, NumbersAndNamesAreFlags) {
  EXPECT_EQ(*cli::ParseTokenFlags("3"), 3u);
  EXPECT_EQ(*cli::ParseTokenFlags("0x2"), 2u);
  EXPECT_EQ(*cli::ParseTokenFlags("local-file,NETWORK"), 3u);
  EXPECT_EQ(*cli::ParseTokenFlags("none"), 0u);
  EXPECT_EQ(*cli::ParseTokenFlags("8"), 8u);  // The service refuses it.
  for (const char* bad : {"", "both", "LOCAL_FILE,", "-1", "4294967296", "0x"}) {
    EXPECT_FALSE(cli::ParseTokenFlags(bad).ok()) << bad;
  }
}

// ---- whole command lines ----

TEST(BitsctlTest, WrongUsageIsStatusTwo) {
  setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
  EXPECT_EQ(RunCli({}).status, 2);
  EXPECT_EQ(RunCli({"nonsense"}).status, 2);
  EXPECT_EQ(RunCli({"resume"}).status, 2);
  EXPECT_EQ(RunCli({"list", "--impersonation-level", "most"}).status, 2);
  EXPECT_EQ(RunCli({"list", "--cert", "", "--key", "", "--ca", ""}).status, 2);
}

TEST(BitsctlTest, HelpTeachesAndIsStatusZero) {
  const Outcome help = RunCli({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("set-helper-token --handle-file -"));
  EXPECT_THAT(help.out, HasSubstr("no answer within --timeout"));
  EXPECT_THAT(RunCli({"get-handle", "--help"}).out, HasSubstr("--helper"));
}

}  // namespace
}  // namespace bits
