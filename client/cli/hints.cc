#include "client/cli/hints.h"

namespace bits::cli {
namespace {

constexpr std::string_view kHttpPrefix = "BG_E_HTTP_ERROR_";

constexpr std::string_view kUrlDenied = "url_denied";

/// By a word of the service's message, the first that is in it.
constexpr Hint kUrlHints[] = {
    {"credentials",
     "take user and password out of the URL; bitsctl set-credentials JOB SERVER BASIC sets them"},
    {"xn--", "idn2 HOST prints the xn-- form, and so does a URL that is copied from a browser"},
    {"percent-encode", "copy the URL from a browser's address bar: it comes percent-encoded"},
    {"blank", "a pasted URL often has a blank or a line break at its end; quote it in the shell"},
    {"control character", "paste the URL anew, or type it: something invisible came along"},
    {"backslash", "a URL has forward slashes"},
    {"fragment", "leave out the # and what is behind it"},
    {"at most", "ask whoever gives out the URL for a shorter one; it may redirect to a longer"},
    {"http://", "put http:// or https:// in front; bitsd has no ftp, file or smb"},
    {"port", "a port is written http://HOST:8080/PATH; without one it is 80, or 443 for https"},
    {"IPv4", "write the four numbers, as in http://192.0.2.1/PATH, or a name"},
    {"IPv6", "write the address in brackets, without %zone: http://[2001:db8::1]/PATH"},
    {"[ has no ]", "write the address in brackets: http://[2001:db8::1]/PATH"},
    {"host", "a URL is http://HOST/PATH: look for a slip between // and the next /"},
};

constexpr Hint kHints[] = {
    // Rules: who a caller is.
    {"certificate_refused",
     "bitsctl whoami shows your certificate; it needs exactly one SID and clientAuth"},
    {"certificate_revoked", "get a new certificate: this one was taken back by who issued it"},
    {"revocation_unknown", "whoever runs bitsd must renew its revocation list (CRL)"},
    {"certificate_not_valid_now", "get a new certificate, and check the clock of this machine"},
    {"certificate_not_pinned",
     "the account directory must list this certificate's SHA-256 for its SID"},
    {"unknown_account",
     "ask for an entry in bitsd's account directory; bitsctl whoami shows your SID"},
    {"account_disabled", "ask whoever keeps bitsd's account directory to enable the account"},
    // Rules: who may open a job.
    {"job_access", "use the owner's identity (--as); bitsctl list shows your own jobs"},
    {"elevated_job", "leave out --filter-admin, or use an identity that is an administrator"},
    {"system_job", "only LocalSystem itself may open its jobs"},
    {"all_users",
     "leave out --all-users, or use an administrator's identity without --filter-admin"},
    {"owner_only",
     "only the job's owner sets its credentials and certificate, and says where they go: --as "
     "takes another identity"},
    {"method_denied",
     "call with --impersonation-level impersonate, or with another identity (--as)"},
    // Rules: handles and helper tokens.
    {"handle_bound_to_another",
     "ask the owner for a handle for your SID: bitsctl get-handle JOB --helper SID"},
    {"handle_release_by_another",
     "only whoever got the handle may release it; it also ends after an hour unused"},
    {"helper_cannot_change_flags",
     "the flags are the owner's to set: bitsctl set-helper-token-flags --job JOB FLAGS"},
    {"handle_not_owner_nor_administrator",
     "the owner or an administrator must get the handle: bitsctl get-handle"},
    {"admin_token_on_unelevated_job",
     "lend with --filter-admin, or as somebody who is no administrator"},
    {"admin_token_needs_administrator",
     "lend with --filter-admin, or let an administrator get the handle"},
    {"administrator_owned_job_required",
     "policy windows7: an administrator must create the job and get the handle"},
    {"filtered_token_has_no_identity",
     "leave out --filter-admin, or ask for a filtered: entry in the account directory"},
    {"impersonation_level", "lend with --impersonation-level impersonate, or leave it out"},
    {"token_ended", "lend again: bitsctl set-helper-token"},
    {"foreign_principal",
     "klist -c FILE shows whose tickets they are; bitsd's account directory must list that "
     "principal "
     "for you, below network: delegated"},
    {"token_scope",
     "the loan has limits: lend again with others (bitsctl set-helper-token), then bitsctl resume "
     "JOB"},
    {"session_of_another",
     "bitsctl sessions shows your own; bitsctl logoff ends the remembered one"},
    {"owner_logged_off", "the owner of the job must log on, or call: bitsctl logon"},
    {"job_set_aside", "create the job anew; the operator finds its record with: bitsd --set-aside"},
    {"stale_revision",
     "somebody changed the job: read it again (bitsctl info JOB --json) and repeat"},
    {"answers_unread", "read the answers you asked for: fewer calls at once, and smaller pages"},
    {"service_stopping", "watch again when bitsd is back"},
    // Rules: what a job may open.
    {"address_denied",
     "use another server, or have its address put into allowed_addresses of bitsd"},
    {kUrlDenied, "the message says which part of the URL to change"},
    {"redirect_denied", "use the URL that the server redirects to, if you trust it"},
    {"path_protected", "choose a destination outside bitsd's own folders"},
    {"path_outside_roots", "choose a destination below one of bitsd's allowed_roots"},
    {"path_is_link", "give the real path: realpath shows it"},
    {"path_not_regular", "choose a destination that is a regular file, or none yet"},
    {"pseudo_file_system", "choose a destination on a real file system"},
    {"file_replaced",
     "the temporary file is gone, or somebody exchanged it: bitsctl resume JOB starts that file "
     "again"},
    {"unknown_identity",
     "bitsd's broker has another account directory than its server: its log says why"},
    {"root_denied", "use an account that is not root, or start bitsd with --allow-root"},
    {"service_identity_denied", "use an account that is not bitsd's own"},
    {"identity_switching_unavailable",
     "give bitsd CAP_SETUID and CAP_SETGID, or use an account of its own user"},
    {"owner_not_administrator", "make the owner an administrator again, or cancel the job"},
    {"owner_unknown", "put the owner back into the account directory, or cancel the job"},
    {"not_permitted",
     "let the acting identity write the folder, or lend another one: bitsctl set-helper-token"},
    {"created_by_another",
     "set the flag and its creator's token again (bitsctl set-helper-token-flags, "
     "set-helper-token), then bitsctl complete JOB; or bitsctl resume JOB, which starts the file "
     "again"},
    // Rules: what a job shows to servers and proxies.
    {"credentials_missing", "set credentials for what the message says is asked"},
    {"credentials_refused", "check user and password, and what the server wants"},
    {"credentials_for_another_host", "add the file with the URL that the server redirects to"},
    {"implicit_not_listed",
     "whoever runs bitsd lists hosts and proxies that get implicit credentials"},
    {"implicit_weakened_tls", "clear the security flags that weaken TLS, then resume the job"},
    {"identity_has_no_credentials",
     "ask whoever keeps bitsd's account directory for network credentials of that identity"},
    {"network_credentials_unusable",
     "whoever keeps bitsd's account directory must mend the network: entry, or the file it names"},
    {"kerberos_server_unknown",
     "check the host of the URL: the KDC needs a principal HTTP/HOST for it"},
    // HRESULTs.
    {"E_NOTIMPL", "bitsctl server-info lists what this service has"},
    {"E_NOINTERFACE", "bitsd has IBitsTokenOptions and no other interface"},
    {"E_ACCESSDENIED", "bitsctl whoami shows who you are; --as takes another identity"},
    {"E_OUTOFMEMORY", "release handles you no longer need (bitsctl release), or try again later"},
    {"E_INVALIDARG", "bitsctl COMMAND --help shows what it takes"},
    {"ERROR_NOT_READY", "try again when the file system answers"},
    {"ERROR_DISK_FULL", "free some space, then bitsctl resume JOB"},
    {"ERROR_NOT_LOGGED_ON",
     "bitsctl logon, then lend again what was lent (bitsctl set-helper-token); bitsctl sessions "
     "shows what is open"},
    {"CO_E_FAILEDTOIMPERSONATE", "call with --impersonation-level impersonate"},
    {"RPC_E_DISCONNECTED", "the handle is dead: get a new one with bitsctl get-handle"},
    {"BG_E_NOT_FOUND",
     "bitsctl list shows your jobs, bitsctl sessions your logon sessions; what ended long ago is "
     "forgotten"},
    {"BG_E_INVALID_STATE",
     "bitsctl info JOB shows its state; one that is ended cannot change any more"},
    {"BG_E_EMPTY", "add a file first: bitsctl add-file JOB URL FILE"},
    {"BG_E_DESTINATION_LOCKED",
     "see that the destination's file system is there, then bitsctl resume JOB"},
    {"BG_E_NETWORK_DISCONNECTED", "see that the network is up; the job tries again by itself"},
    {"BG_E_NEW_OWNER_NO_FILE_ACCESS", "let the new owner write the job's folders"},
    {"BG_E_INVALID_SERVER_RESPONSE", "look at the web server, then bitsctl resume JOB"},
    {"BG_E_LOCAL_FILE_CHANGED",
     "somebody changed the local file: bitsctl cancel the job and start anew"},
    {"BG_E_TOO_LARGE", "ask for less at once"},
    {"BG_E_STRING_TOO_LONG", "make the text shorter"},
    {"BG_E_PROXY_LIST_TOO_LARGE", "make the list of proxies shorter"},
    {"BG_E_PROXY_BYPASS_LIST_TOO_LARGE", "make the bypass list shorter"},
    {"BG_E_USERNAME_TOO_LARGE", "a user name has at most 300 characters"},
    {"BG_E_PASSWORD_TOO_LARGE", "a password has at most 65,535 characters"},
    {"BG_E_INVALID_AUTH_TARGET", "the target is SERVER or PROXY"},
    {"BG_E_INVALID_AUTH_SCHEME", "the scheme is BASIC, DIGEST, NTLM or NEGOTIATE"},
    {"BG_E_NO_PROGRESS", "see that the server answers, then bitsctl resume JOB"},
    {"BG_E_FILE_NOT_FOUND", "check the names: bitsctl list-files JOB"},
    {"BG_E_CONNECT_FAILURE", "check the URL and that the server runs, then bitsctl resume JOB"},
    {"BG_E_CONNECTION_CLOSED", "the server ended the connection: bitsctl resume JOB tries again"},
    {"BG_E_BLOCKED_BY_POLICY", "ask whoever runs bitsd"},
    {"BG_E_INVALID_PROXY_INFO", "correct the job's proxy settings, then bitsctl resume JOB"},
    {"BG_E_TOO_MANY_JOBS_PER_USER", "complete or cancel some of your jobs: bitsctl list"},
    {"BG_E_TOO_MANY_JOBS_PER_MACHINE", "complete or cancel some jobs, or try again later"},
    {"BG_E_TOO_MANY_FILES_IN_JOB", "make one more job for the rest"},
    {"BG_E_TOKEN_REQUIRED",
     "lend a token (bitsctl set-helper-token) or clear the flags (bitsctl set-helper-token-flags "
     "--job JOB NONE), then bitsctl resume JOB"},
    {"BG_E_REMOTE_FILE_CHANGED", "bitsctl resume JOB fetches the new file from its beginning"},
    {"ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY",
     "clear the NETWORK flag, or remove the job's client certificate"},
    {"ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED", "set the job's client certificate, then resume it"},
    {"BG_E_HTTP_ERROR_401",
     "the server wants credentials: the message says which and why not; bitsctl set-credentials "
     "JOB SERVER SCHEME, then bitsctl resume JOB"},
    {"BG_E_HTTP_ERROR_407",
     "the proxy wants credentials: the message says which and why not; bitsctl set-credentials "
     "JOB PROXY SCHEME, then bitsctl resume JOB"},
    {"BG_E_HTTP_ERROR_403", "the server refuses: ask whoever runs it"},
    {"BG_E_HTTP_ERROR_404", "check the URL: bitsctl list-files JOB shows it"},
    {kHttpPrefix, "the web server answered with an error; when it is mended, bitsctl resume JOB"},
    // Why a job waits.
    {"WAITING_FOR_LOGON", "it goes on when its owner logs on, or calls: bitsctl logon"},
    {"WAITING_FOR_TOKEN", "lend a token: bitsctl set-helper-token, then bitsctl resume JOB"},
    {"WAITING_FOR_SLOT", "other jobs have their turn; bitsctl set-priority JOB changes the order"},
    {"WAITING_FOR_RETRY_TIMER", "it tries again by itself; bitsctl resume JOB tries at once"},
    {"WAITING_FOR_STORE", "bitsd cannot write its store: is its disk full? It goes on by itself"},
    {"WAITING_FOR_ACCOUNT", "put its owner back into bitsd's account directory"},
    // gRPC codes, when the answer has nothing better.
    {"INVALID_ARGUMENT",
     "bitsctl --help lists the commands, bitsctl COMMAND --help what one takes"},
    {"UNAVAILABLE",
     "does bitsd listen at --endpoint, does its certificate come from --ca, and does yours come "
     "from a root it trusts? Its log names a refused certificate"},
    {"DEADLINE_EXCEEDED",
     "is --endpoint right? A longer --timeout may help when the service is busy"},
    {"UNAUTHENTICATED",
     "bitsctl whoami shows your certificate; the account directory of bitsd must know its SID"},
    {"UNIMPLEMENTED",
     "bitsctl server-info shows the service's version; it may be older than bitsctl"},
};

std::string_view Find(std::string_view key) {
  for (const Hint& hint : kHints) {
    if (!key.empty() && hint.key == key) return hint.text;
  }
  return "";
}

}  // namespace

std::span<const Hint> AllHints() { return kHints; }

std::string_view HintFor(std::string_view rule, std::string_view name, std::string_view code,
                         std::string_view message) {
  if (rule == kUrlDenied) {
    for (const Hint& hint : kUrlHints) {
      if (message.find(hint.key) != std::string_view::npos) return hint.text;
    }
  }
  for (const std::string_view key : {rule, name}) {
    if (const std::string_view text = Find(key); !text.empty()) return text;
  }
  if (name.starts_with(kHttpPrefix)) return Find(kHttpPrefix);
  return Find(code);
}

}  // namespace bits::cli
