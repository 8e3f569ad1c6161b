// The SID that a certificate names.

#include "client/identity/certificate.h"

#include <string>
#include <vector>

#include "client/identity/sid_text.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

constexpr char kAlice[] = "S-1-5-21-1111111111-2222222222-3333333333-500";

// Not by X509V3_EXT_conf_nid: it would cut the URI at its comma.
void AddSanUri(X509* certificate, const std::string& uri) {
  const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, uri.data(), static_cast<int>(uri.size()));
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_URI, text);
  sk_GENERAL_NAME_push(names.get(), name);
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
}

X509Ptr WithExtensions(const std::vector<std::string>& sids, const std::string& uri_sid) {
  X509Ptr certificate(X509_new());
  for (const std::string& sid : sids) {
    X509_add_ext(certificate.get(), MakeSidExtension(sid)->get(), -1);
  }
  if (!uri_sid.empty()) AddSanUri(certificate.get(), std::string(kSidUriPrefix) + uri_sid);
  return certificate;
}

TEST(CertificateSidTest, OneSidInEitherPlaceIsRead) {
  EXPECT_EQ(*CertificateSid(*WithExtensions({kAlice}, "")), kAlice);
  EXPECT_EQ(*CertificateSid(*WithExtensions({}, kAlice)), kAlice);
  EXPECT_EQ(*CertificateSid(*WithExtensions({kAlice}, kAlice)), kAlice);
}

TEST(CertificateSidTest, TwoDifferentDoubledOrMalformedSidsAreRefused) {
  EXPECT_FALSE(CertificateSid(*WithExtensions({kAlice}, "S-1-5-18")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({kAlice, kAlice}, "")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({"S-1-5-018"}, "")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({}, "S-1-5-018")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({}, "")).ok());
}

}  // namespace
}  // namespace bits
