#include "server/policy/credential_rules.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/utf8.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd::policy {
namespace {

constexpr size_t kMaxBytesPerCharacter = 4;

bool IsControl(char32_t c) { return c < U' ' || c == 0x7f; }

enum class Fit { kFits, kTooLong, kNotText };

/// Control characters would end a header line, or be cut off.
Fit FitOf(std::string_view text, size_t max_characters) {
  if (text.size() > max_characters * kMaxBytesPerCharacter) return Fit::kTooLong;
  const std::optional<std::u32string> characters = DecodeUtf8(text);
  if (!characters || std::any_of(characters->begin(), characters->end(), IsControl)) {
    return Fit::kNotText;
  }
  return characters->size() > max_characters ? Fit::kTooLong : Fit::kFits;
}

absl::Status CheckLengths(std::string_view user, std::string_view password) {
  const Fit user_fit = FitOf(user, kMaxUserName);
  if (user_fit == Fit::kTooLong) {
    return error::UsernameTooLarge("a user name has at most 300 characters");
  }
  const Fit password_fit = FitOf(password, kMaxPassword);
  if (password_fit == Fit::kTooLong) {
    return error::PasswordTooLarge("a password has at most 65,535 characters");
  }
  if (user_fit == Fit::kFits && password_fit == Fit::kFits) return absl::OkStatus();
  return error::InvalidArgument("user name and password are UTF-8 text without control characters");
}

absl::Status CheckImplicit(AuthScheme scheme) {
  if (scheme == AuthScheme::kNtlm || scheme == AuthScheme::kNegotiate) return absl::OkStatus();
  return error::InvalidArgument(
      "implicit credentials (neither user name nor password) are for NTLM and NEGOTIATE: give user "
      "name and password");
}

absl::Status CheckExplicit(AuthScheme scheme, std::string_view user) {
  if (scheme == AuthScheme::kNegotiate) {
    return error::NotImplemented(
        "NEGOTIATE with user name and password needs a logon at the KDC, which is not built: leave "
        "both empty and name a keytab or credential cache in the account directory, lend delegated "
        "credentials, or use NTLM, DIGEST or BASIC");
  }
  if (user.empty()) return error::InvalidArgument("a password needs a user name");
  if (scheme == AuthScheme::kBasic && user.find(':') != std::string_view::npos) {
    return error::InvalidArgument(
        "a user name for BASIC has no colon: the server would take it for the end of the name");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MaySetCredentials(const Sid& caller, const Sid& owner) {
  if (caller == owner) return absl::OkStatus();
  return error::AccessDenied(
      Rule::kOwnerOnly,
      "credentials and client certificate of a job are set and removed by its owner alone");
}

absl::Status MaySteer(const Sid& caller, const Sid& owner, bool has_own_credentials) {
  if (caller == owner || !has_own_credentials) return absl::OkStatus();
  return error::AccessDenied(Rule::kOwnerOnly,
                             "the job shows credentials or a client certificate of its owner: only "
                             "the owner adds files to "
                             "it and changes its proxies and security flags");
}

bool MaySeeClientCertificate(const Sid& caller, const Sid& owner) { return caller == owner; }

absl::Status CheckCredentialKind(AuthTarget target, AuthScheme scheme) {
  switch (target) {
    case AuthTarget::kServer:
    case AuthTarget::kProxy: break;
    default: return error::InvalidAuthTarget("target is SERVER or PROXY");
  }
  switch (scheme) {
    case AuthScheme::kBasic:
    case AuthScheme::kDigest:
    case AuthScheme::kNtlm:
    case AuthScheme::kNegotiate:
    case AuthScheme::kPassport: return absl::OkStatus();
  }
  return error::InvalidAuthScheme("scheme is BASIC, DIGEST, NTLM or NEGOTIATE");
}

absl::Status CheckCredential(AuthTarget target, AuthScheme scheme, std::string_view user,
                             std::string_view password) {
  if (absl::Status s = CheckCredentialKind(target, scheme); !s.ok()) return s;
  if (scheme == AuthScheme::kPassport) {
    return error::NotImplemented(
        "PASSPORT is not built, and will not be: the service behind it is gone. Use BASIC, DIGEST, "
        "NTLM or NEGOTIATE");
  }
  if (absl::Status s = CheckLengths(user, password); !s.ok()) return s;
  const bool implicit = user.empty() && password.empty();
  return implicit ? CheckImplicit(scheme) : CheckExplicit(scheme, user);
}

absl::Status CheckClientCertificate(std::string_view certificate, std::string_view key) {
  if (absl::Status s = CheckLocalName(certificate); !s.ok()) {
    return error::InvalidArgument(absl::StrCat("certificate_path: ", s.message()));
  }
  if (absl::Status s = CheckLocalName(key); !s.ok()) {
    return error::InvalidArgument(absl::StrCat("key_path: ", s.message()));
  }
  return absl::OkStatus();
}

}  // namespace bitsd::policy
