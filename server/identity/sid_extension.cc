#include "server/identity/sid_extension.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "server/base/openssl_ptr.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr unsigned char kTagSequence = 0x30;
constexpr unsigned char kTagObjectId = 0x06;
constexpr unsigned char kTagOctetString = 0x04;
constexpr unsigned char kTagContext0 = 0xA0;
/// 1.3.6.1.4.1.311.25.2.1, szOID_NTDS_OBJECTSID.
constexpr std::string_view kObjectSidOid = "\x2B\x06\x01\x04\x01\x82\x37\x19\x02\x01";

absl::Status Refused(std::string_view message) {
  return error::Unauthenticated(Rule::kCertificateRefused, message);
}

/// Reads DER elements from the front of a string: definite, shortest lengths, within bounds.
class DerReader {
 public:
  explicit DerReader(std::string_view der) : rest_(der) {}

  /// The contents of the next element if it has `tag`; otherwise unset.
  std::optional<std::string_view> Take(unsigned char tag) {
    if (rest_.empty() || static_cast<unsigned char>(rest_[0]) != tag) return std::nullopt;
    rest_.remove_prefix(1);
    const std::optional<size_t> length = TakeLength();
    if (!length || *length > rest_.size()) return std::nullopt;
    const std::string_view contents = rest_.substr(0, *length);
    rest_.remove_prefix(*length);
    return contents;
  }

  bool AtEnd() const { return rest_.empty(); }

 private:
  /// One byte, or 0x81 and one byte: nothing here is longer than a SID of 190 characters.
  std::optional<size_t> TakeLength() {
    if (rest_.empty()) return std::nullopt;
    const auto first = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    if (first < 0x80) return first;
    if (first != 0x81 || rest_.empty()) return std::nullopt;
    const auto length = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    if (length < 0x80) return std::nullopt;
    return length;
  }

  std::string_view rest_;
};

/// The contents of the only element of `der`.
std::optional<std::string_view> TakeOnly(std::string_view der, unsigned char tag) {
  DerReader reader(der);
  const auto contents = reader.Take(tag);
  if (!reader.AtEnd()) return std::nullopt;
  return contents;
}

/// The text in SEQUENCE { [0] { OBJECT IDENTIFIER, [0] { OCTET STRING } } }.
std::optional<std::string_view> SidTextOf(std::string_view der) {
  const auto sequence = TakeOnly(der, kTagSequence);
  if (!sequence) return std::nullopt;
  const auto other_name = TakeOnly(*sequence, kTagContext0);
  if (!other_name) return std::nullopt;
  DerReader reader(*other_name);
  if (reader.Take(kTagObjectId) != kObjectSidOid) return std::nullopt;
  const auto value = reader.Take(kTagContext0);
  if (!value || !reader.AtEnd()) return std::nullopt;
  return TakeOnly(*value, kTagOctetString);
}

std::string_view BytesOf(const ASN1_STRING& string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&string)),
          static_cast<size_t>(ASN1_STRING_length(&string))};
}

/// True for any text that a reader less strict than this one could take for a SID URI.
bool LooksLikeSidUri(std::string_view uri) {
  constexpr std::string_view kMark = "tag:microsoft.com";
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == b; };
  return std::search(uri.begin(), uri.end(), kMark.begin(), kMark.end(), same) != uri.end();
}

absl::StatusOr<Sid> ParseSidUri(std::string_view uri) {
  if (uri.starts_with(kSidUriPrefix)) {
    absl::StatusOr<Sid> sid = Sid::Parse(uri.substr(kSidUriPrefix.size()));
    if (sid.ok()) return sid;
  }
  return Refused(
      "the certificate's SID URI is malformed: write one URI, "
      "tag:microsoft.com,2022-09-14:sid:S-1-...");
}

/// The names of extension `index`, or null when they are malformed.
GeneralNamesPtr DecodeNames(const X509& certificate, int index) {
  const std::string_view der = BytesOf(*X509_EXTENSION_get_data(X509_get_ext(&certificate, index)));
  auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = position + der.size();
  GeneralNamesPtr names(d2i_GENERAL_NAMES(nullptr, &position, static_cast<long>(der.size())));
  ERR_clear_error();
  if (position != end) return nullptr;
  return names;
}

}  // namespace

absl::StatusOr<Sid> ParseSidExtension(std::string_view der) {
  const std::optional<std::string_view> text = SidTextOf(der);
  if (text) {
    absl::StatusOr<Sid> sid = Sid::Parse(*text);
    if (sid.ok()) return sid;
  }
  return Refused(
      "the certificate's SID extension (1.3.6.1.4.1.311.25.2) is malformed: "
      "issue one with a canonical SID, as bitsctl pki issue does");
}

absl::StatusOr<std::optional<Sid>> SidOfExtension(const X509& certificate) {
  const Asn1ObjectPtr oid(OBJ_txt2obj(kSidExtensionOid, /*no_name=*/1));
  const int index = X509_get_ext_by_OBJ(&certificate, oid.get(), -1);
  if (index < 0) return std::nullopt;
  if (X509_get_ext_by_OBJ(&certificate, oid.get(), index) >= 0) {
    return Refused("the certificate has two SID extensions (1.3.6.1.4.1.311.25.2)");
  }
  const absl::StatusOr<Sid> sid =
      ParseSidExtension(BytesOf(*X509_EXTENSION_get_data(X509_get_ext(&certificate, index))));
  if (!sid.ok()) return sid.status();
  return *sid;
}

absl::StatusOr<std::optional<Sid>> SidOfAlternativeName(const X509& certificate) {
  const int index = X509_get_ext_by_NID(&certificate, NID_subject_alt_name, -1);
  if (index < 0) return std::nullopt;
  const GeneralNamesPtr names = DecodeNames(certificate, index);
  if (names == nullptr) return Refused("the certificate's subject alternative name is malformed");
  std::optional<Sid> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const std::string_view uri = BytesOf(*name->d.uniformResourceIdentifier);
    if (!LooksLikeSidUri(uri)) continue;
    const absl::StatusOr<Sid> sid = ParseSidUri(uri);
    if (!sid.ok()) return sid.status();
    if (found) return Refused("the certificate has two SID URIs");
    found = *sid;
  }
  return found;
}

}  // namespace bitsd
