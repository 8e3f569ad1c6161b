#include "server/network/kerberos_errors.h"

#include <cerrno>

#include "gtest/gtest.h"
#include "server/error/errors.h"

namespace bitsd::network {
namespace {

TEST(KerberosErrorsTest, EachFailureMeansOneThing) {
  const std::pair<krb5_error_code, KerberosFailure> rows[] = {
      {KRB5_KDC_UNREACH, KerberosFailure::kTryAgain},
      {KRB5KRB_AP_ERR_SKEW, KerberosFailure::kTryAgain},
      {ETIMEDOUT, KerberosFailure::kTryAgain},
      {KRB5KRB_AP_ERR_TKT_EXPIRED, KerberosFailure::kEnded},
      {KRB5_CC_NOTFOUND, KerberosFailure::kEnded},
      {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, KerberosFailure::kServerUnknown},
      {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, KerberosFailure::kUnusable},
      {KRB5KDC_ERR_PREAUTH_FAILED, KerberosFailure::kUnusable},
      {KRB5KRB_AP_ERR_BAD_INTEGRITY, KerberosFailure::kUnusable},
      {KRB5_KT_NOTFOUND, KerberosFailure::kUnusable},
      {KRB5_KDCREP_MODIFIED, KerberosFailure::kUnusable},
      {ENOENT, KerberosFailure::kUnusable},
  };
  for (const auto& [code, failure] : rows) {
    EXPECT_EQ(ClassifyKerberosError(code), failure) << code;
  }
}

TEST(KerberosErrorsTest, AnErrorSaysWhatWasBeingDoneAndWhatItMeans) {
  krb5_context context = nullptr;
  ASSERT_EQ(krb5_init_context(&context), 0);
  const auto of = [&](krb5_error_code code) { return KerberosError(context, code, "a ticket"); };
  EXPECT_EQ(of(KRB5_KDC_UNREACH).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(DetailOf(of(KRB5KRB_AP_ERR_TKT_EXPIRED)).hresult, Hresult::kTokenRequired);
  EXPECT_EQ(DetailOf(of(KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN)).rule, "kerberos_server_unknown");
  EXPECT_EQ(DetailOf(of(KRB5_KT_NOTFOUND)).rule, "network_credentials_unusable");
  EXPECT_TRUE(std::string(of(KRB5_KT_NOTFOUND).message()).starts_with("a ticket: "));
  krb5_free_context(context);
}

}  // namespace
}  // namespace bitsd::network
