#include "client/cli/format.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "bitsd/client/error.h"
#include "client/cli/error_file.h"
#include "client/cli/hints.h"
#include "client/cli/network_text.h"
#include "client/cli/output/text.h"
#include "client/cli/output/units.h"

namespace bits::cli {
namespace {

constexpr uint32_t kLocalFile = 0x1;
constexpr uint32_t kNetwork = 0x2;

using Rows = std::vector<Row>;

// "QUEUED" from "JOB_STATE_QUEUED"; a value of a newer service is shown as its number.
std::string EnumName(const std::string& name, std::string_view prefix, int value) {
  if (!name.starts_with(prefix)) return std::to_string(value);
  return name.substr(prefix.size());
}

std::string OutOf(const std::string& done, const std::string& total) {
  return done + " / " + total;
}

std::string BytesOf(uint64_t done, uint64_t total) {
  return OutOf(HumanSize(done), HumanSize(total));
}

std::string BytesWithCount(const v1::JobProgress& progress) {
  return BytesOf(progress.bytes_transferred(), progress.bytes_total()) + " (" +
         OutOf(ByteCount(progress.bytes_transferred()), ByteCount(progress.bytes_total())) +
         " bytes)";
}

Cell FileState(const v1::File& file) {
  // What came is not what was begun.
  std::string mark = file.restarts() > 0 ? " (restarted)" : "";
  if (file.mode_not_set()) mark += " (mode not set)";
  if (file.time_not_set()) mark += " (time not set)";
  if (file.completed()) return {"COMPLETED" + mark, Color::kGood};
  if (file.transferred()) return {"TRANSFERRED" + mark, Color::kGood};
  return "WORKING" + mark;
}

Color ColorOf(v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_ERROR: return Color::kBad;
    case v1::JOB_STATE_TRANSIENT_ERROR: return Color::kWarning;
    case v1::JOB_STATE_TRANSFERRED:
    case v1::JOB_STATE_ACKNOWLEDGED: return Color::kGood;
    case v1::JOB_STATE_CONNECTING:
    case v1::JOB_STATE_TRANSFERRING: return Color::kActive;
    default: return Color::kNone;
  }
}

std::string WaitingName(const v1::Job& job) {
  return EnumName(v1::WaitingFor_Name(job.waiting_for()), "WAITING_FOR_", job.waiting_for());
}

void AddTimes(const v1::Job& job, SystemTime now, Rows& rows) {
  const v1::JobTimes& times = job.times();
  rows.push_back({"created:", HumanTime(times.creation_time(), now)});
  rows.push_back({"modified:", HumanTime(times.modification_time(), now)});
  const bool done = times.has_transfer_completion_time();
  rows.push_back(
      {"transferred:", done ? HumanTime(times.transfer_completion_time(), now) : "UNKNOWN"});
}

void AddScope(const v1::TokenScope& scope, Rows& rows) {
  for (const std::string& root : scope.local_roots())
    rows.push_back({"lent for files below:", root});
  for (const std::string& host : scope.hosts()) rows.push_back({"lent for host:", host});
  if (scope.usage_flags() != 0) rows.push_back({"lent for flags:", FlagNames(scope.usage_flags())});
}

void AddHelperToken(const v1::Job& job, SystemTime now, Rows& rows) {
  rows.push_back({"helper flags:", FlagNames(job.helper_token_flags())});
  std::string token = "none";
  if (job.has_helper_token_sid()) {
    token = job.helper_token_sid() + " until " + HumanTime(job.helper_token_expire_time(), now);
  }
  rows.push_back({"helper token:", token});
  if (job.has_helper_token_scope()) AddScope(job.helper_token_scope(), rows);
}

void AddNetwork(const v1::Job& job, Rows& rows) {
  rows.push_back({"proxy:", ProxyText(job.proxy_settings())});
  for (const v1::JobCredential& credential : job.credentials()) {
    rows.push_back({"credentials:", CredentialText(credential)});
  }
  if (job.has_client_certificate()) {
    rows.push_back({"client certificate:", job.client_certificate().certificate_path()});
    rows.push_back({"its key:", job.client_certificate().key_path()});
  }
  if (job.http_security_flags() != 0) {
    rows.push_back({"security flags:", SecurityFlagNames(job.http_security_flags())});
  }
}

void AddErrorPlace(const v1::JobError& error, const v1::File* file, SystemTime now, Rows& rows) {
  if (error.http_status() != 0) {
    rows.push_back({"HTTP status:", std::to_string(error.http_status())});
  }
  if (error.has_file_index()) {
    rows.push_back({"error file:",
                    file == nullptr ? std::to_string(error.file_index()) : ErrorFileText(*file)});
  }
  if (error.retryable()) rows.push_back({"next retry:", HumanTime(error.next_retry_time(), now)});
}

void AddError(const v1::Job& job, const v1::File* file, SystemTime now, Rows& rows) {
  if (!job.has_error()) return;
  const v1::JobError& error = job.error();
  const std::string code = error.reason() + " (" + HresultText(error.hresult()) + ")";
  rows.push_back({"error:", {code, Color::kBad}});
  rows.push_back({"error context:", EnumName(v1::ErrorContext_Name(error.context()),
                                             "ERROR_CONTEXT_", error.context())});
  rows.push_back({"error message:", error.message()});
  if (!error.rule().empty()) rows.push_back({"error rule:", error.rule()});
  AddErrorPlace(error, file, now, rows);
}

std::string Count(size_t count, const char* what) {
  return "\nListed " + std::to_string(count) + " " + what + ".\n";
}

// "SERVER_CERTIFICATE: /etc/...: why". Only an administrator is told file and reason.
std::string LoadFailure(const v1::ReloadState& state) {
  std::string text =
      EnumName(v1::ReloadState::Source_Name(state.source()), "SOURCE_", state.source());
  if (!state.last_failure_file().empty()) text += ": " + state.last_failure_file();
  if (!state.last_failure_reason().empty()) text += ": " + state.last_failure_reason();
  return text + " (the content loaded before is in force)";
}

}  // namespace

std::string StateName(v1::JobState state) {
  return EnumName(v1::JobState_Name(state), "JOB_STATE_", state);
}

std::string PriorityName(v1::JobPriority priority) {
  return EnumName(v1::JobPriority_Name(priority), "JOB_PRIORITY_", priority);
}

std::string TypeName(v1::JobType type) {
  return EnumName(v1::JobType_Name(type), "JOB_TYPE_", type);
}

std::string FlagNames(uint32_t usage_flags) {
  char text[11];
  std::snprintf(text, sizeof(text), "0x%X", usage_flags);
  std::string names = text;
  if (usage_flags == 0) names += " none";
  if ((usage_flags & kLocalFile) != 0) names += " LOCAL_FILE";
  if ((usage_flags & kNetwork) != 0) names += " NETWORK";
  return names;
}

Cell StateCell(const v1::Job& job) {
  std::string text = StateName(job.state());
  if (job.waiting_for() != v1::WAITING_FOR_UNSPECIFIED) {
    text += " (waiting for " + WaitingName(job) + ")";
  }
  return {std::move(text), ColorOf(job.state())};
}

std::string TroubleOf(const v1::Job& job, SystemTime now) {
  if (job.state() != v1::JOB_STATE_TRANSIENT_ERROR || !job.has_error()) return "";
  const v1::JobError& error = job.error();
  std::string when;
  if (error.has_next_retry_time()) {
    const auto until = std::chrono::seconds(error.next_retry_time().seconds()) -
                       std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
    when = ", again in " + HumanDuration(std::max(until, std::chrono::seconds(0)));
  }
  return when + ": " + Printable(error.message());
}

std::string FilesOf(const v1::JobProgress& progress) {
  return OutOf(std::to_string(progress.files_transferred()),
               std::to_string(progress.files_total()));
}

std::string JobList(const std::vector<v1::Job>& jobs, const ListView& view, const Style& style) {
  std::vector<Column> columns{{.title = "ID", .cut_to = 9, .cut_last = true},
                              {.title = "NAME", .cut_to = 8},
                              {.title = "STATE", .cut_to = 12},
                              {.title = "FILES", .right = true},
                              {.title = "BYTES", .right = true}};
  if (view.owners) columns.push_back({.title = "OWNER", .cut_to = 8});
  Rows rows;
  for (const v1::Job& job : jobs) {
    const v1::JobProgress& progress = job.progress();
    rows.push_back({job.id(), job.display_name(), StateCell(job), FilesOf(progress),
                    BytesOf(progress.bytes_transferred(), progress.bytes_total())});
    if (view.owners) rows.back().emplace_back(job.owner_sid());
  }
  return (rows.empty() ? "" : RenderTable(columns, rows, style)) + Count(jobs.size(), "job(s)");
}

std::string FileList(const std::vector<v1::File>& files, const Style& style) {
  const std::vector<Column> columns{{.title = "FILE", .right = true},
                                    {.title = "STATE"},
                                    {.title = "BYTES", .right = true},
                                    {.title = "REMOTE", .cut_to = 12},
                                    {.title = "LOCAL", .cut_to = 12}};
  Rows rows;
  for (const v1::File& file : files) {
    rows.push_back({std::to_string(file.index()), FileState(file),
                    BytesOf(file.bytes_transferred(), file.bytes_total()), file.remote_name(),
                    file.local_name()});
    if (file.final_url().empty()) continue;
    rows.push_back({"", "", "", "redirected to " + file.final_url(), ""});
  }
  return (rows.empty() ? "" : RenderTable(columns, rows, style)) + Count(files.size(), "file(s)");
}

std::string JobInfo(const v1::Job& job, const v1::File* error_file, SystemTime now,
                    const Style& style) {
  Rows rows{{"id:", job.id()},
            {"display name:", job.display_name()},
            {"description:", job.description()},
            {"type:", TypeName(job.type())},
            {"state:", StateCell(job)},
            {"owner:", job.owner_sid() + (job.elevated() ? " (elevated)" : "")},
            {"priority:", PriorityName(job.priority())},
            {"files:", FilesOf(job.progress())},
            {"bytes:", BytesWithCount(job.progress())}};
  if (job.waiting_for() != v1::WAITING_FOR_UNSPECIFIED) {
    rows.push_back(
        {"it waits:", std::string(HintFor("", v1::WaitingFor_Name(job.waiting_for()), ""))});
  }
  AddTimes(job, now, rows);
  rows.push_back(
      {"retry delay:", HumanDuration(std::chrono::seconds(job.minimum_retry_delay().seconds()))});
  rows.push_back({"no-progress timeout:",
                  HumanDuration(std::chrono::seconds(job.no_progress_timeout().seconds()))});
  AddNetwork(job, rows);
  AddHelperToken(job, now, rows);
  rows.push_back({"error count:", std::to_string(job.error_count())});
  AddError(job, error_file, now, rows);
  for (const std::string& path : job.undeleted_files()) rows.push_back({"not removed:", path});
  rows.push_back({"revision:", std::to_string(job.revision())});
  return RenderDetails(rows, style);
}

std::string SessionList(const std::vector<v1::Session>& sessions, const SessionView& view,
                        SystemTime now, const Style& style) {
  std::vector<Column> columns{{.title = "  SESSION"},
                              {.title = "BEGAN", .cut_to = 19},
                              {.title = "ENDS", .cut_to = 19},
                              {.title = "TOKENS", .right = true},
                              {.title = "KIND"}};
  if (view.owners) columns.push_back({.title = "OWNER", .cut_to = 8});
  Rows rows;
  for (const v1::Session& session : sessions) {
    const std::string star = session.session_id() == view.used ? "* " : "  ";
    rows.push_back({star + session.session_id(), HumanTime(session.begin_time(), now),
                    HumanTime(session.expire_time(), now), std::to_string(session.helper_tokens()),
                    session.is_default() ? "default" : "logon"});
    if (view.owners) rows.back().emplace_back(session.user_sid());
  }
  return (rows.empty() ? "" : RenderTable(columns, rows, style)) +
         Count(sessions.size(), "session(s)");
}

std::string ServerInfo(const v1::GetServerInfoResponse& info, const Style& style) {
  Rows rows{{"version:", info.version()},
            {"policy:", info.policy()},
            {"identity switching:", info.identity_switching() ? "yes" : "no"}};
  if (info.set_aside() > 0) {
    rows.push_back({"set aside:", std::to_string(info.set_aside()) +
                                      " damaged record(s); on its machine: bitsd --set-aside"});
  }
  for (const std::string& key : info.restart_needed()) rows.push_back({"needs a restart:", key});
  for (const v1::ReloadState& state : info.reload_states()) {
    if (state.failing()) rows.push_back({"cannot be loaded:", LoadFailure(state)});
  }
  for (const std::string& feature : info.features()) rows.push_back({"feature:", feature});
  return RenderDetails(rows, style);
}

}  // namespace bits::cli
