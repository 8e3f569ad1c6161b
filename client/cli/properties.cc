#include "client/cli/properties.h"

#include <array>

#include "bitsd/client/error.h"
#include "client/cli/format.h"
#include "client/cli/network_text.h"
#include "client/cli/output/units.h"

namespace bits::cli {
namespace {

std::string ErrorOfJob(const v1::Job& job) {
  if (!job.has_error()) return "none";
  const v1::JobError& error = job.error();
  std::string text = HresultText(error.hresult()) + " " + error.reason() + " - " + error.message();
  return error.rule().empty() ? text : text + " (rule " + error.rule() + ")";
}

std::string CompletionTime(const v1::Job& job) {
  const v1::JobTimes& times = job.times();
  return times.has_transfer_completion_time() ? ExactTime(times.transfer_completion_time())
                                              : "UNKNOWN";
}

std::string TokenSid(const v1::Job& job) {
  return job.has_helper_token_sid() ? job.helper_token_sid() : "none";
}

std::string TokenEnd(const v1::Job& job) {
  return job.has_helper_token_expire_time() ? ExactTime(job.helper_token_expire_time()) : "none";
}

std::string Credentials(const v1::Job& job) {
  std::string text;
  for (const v1::JobCredential& credential : job.credentials()) {
    text += (text.empty() ? "" : "; ") + CredentialText(credential);
  }
  return text.empty() ? "none" : text;
}

constexpr auto kProperties = std::to_array<JobProperty>({
    {"id", "", [](const v1::Job& job) { return job.id(); }},
    {"display-name", "getdisplayname", [](const v1::Job& job) { return job.display_name(); }},
    {"description", "getdescription", [](const v1::Job& job) { return job.description(); }},
    {"type", "gettype", [](const v1::Job& job) { return TypeName(job.type()); }},
    {"state", "getstate", [](const v1::Job& job) { return StateName(job.state()); }},
    {"priority", "getpriority", [](const v1::Job& job) { return PriorityName(job.priority()); }},
    {"owner", "getowner", [](const v1::Job& job) { return job.owner_sid(); }},
    {"bytes-total", "getbytestotal",
     [](const v1::Job& job) { return ByteCount(job.progress().bytes_total()); }},
    {"bytes-transferred", "getbytestransferred",
     [](const v1::Job& job) { return ByteCount(job.progress().bytes_transferred()); }},
    {"files-total", "getfilestotal",
     [](const v1::Job& job) { return std::to_string(job.progress().files_total()); }},
    {"files-transferred", "getfilestransferred",
     [](const v1::Job& job) { return std::to_string(job.progress().files_transferred()); }},
    {"creation-time", "getcreationtime",
     [](const v1::Job& job) { return ExactTime(job.times().creation_time()); }},
    {"modification-time", "getmodificationtime",
     [](const v1::Job& job) { return ExactTime(job.times().modification_time()); }},
    {"completion-time", "getcompletiontime", CompletionTime},
    {"error", "geterror", ErrorOfJob},
    {"error-count", "geterrorcount",
     [](const v1::Job& job) { return std::to_string(job.error_count()); }},
    {"min-retry-delay", "getminretrydelay",
     [](const v1::Job& job) { return std::to_string(job.minimum_retry_delay().seconds()); }},
    {"no-progress-timeout", "getnoprogresstimeout",
     [](const v1::Job& job) { return std::to_string(job.no_progress_timeout().seconds()); }},
    {"proxy-usage", "getproxyusage",
     [](const v1::Job& job) { return ProxyUsageName(job.proxy_settings().usage()); }},
    {"proxy-list", "getproxylist", [](const v1::Job& job) { return job.proxy_settings().list(); }},
    {"proxy-bypass-list", "getproxybypasslist",
     [](const v1::Job& job) { return job.proxy_settings().bypass(); }},
    {"security-flags", "getsecurityflags",
     [](const v1::Job& job) { return SecurityFlagNames(job.http_security_flags()); }},
    {"client-certificate", "getclientcertificate",
     [](const v1::Job& job) { return job.client_certificate().certificate_path(); }},
    {"credentials", "", Credentials},
    {"helper-token-flags", "",
     [](const v1::Job& job) { return FlagNames(job.helper_token_flags()); }},
    {"helper-token-sid", "", TokenSid},
    {"helper-token-end", "", TokenEnd},
    {"revision", "", [](const v1::Job& job) { return std::to_string(job.revision()); }},
});

}  // namespace

std::span<const JobProperty> JobProperties() { return kProperties; }

std::span<const std::string_view> JobPropertyNames() {
  static const auto names = [] {
    std::array<std::string_view, kProperties.size()> all;
    for (size_t i = 0; i < all.size(); ++i) all[i] = kProperties[i].name;
    return all;
  }();
  return names;
}

}  // namespace bits::cli
