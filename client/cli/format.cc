#include "client/cli/format.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <string_view>
#include <utility>

#include "bitsd/client/error.h"

namespace bits::cli {
namespace {

using google::protobuf::util::TimeUtil;
using Rows = std::vector<std::vector<std::string>>;

constexpr uint64_t kUnknownSize = std::numeric_limits<uint64_t>::max();
constexpr uint32_t kLocalFile = 0x1;
constexpr uint32_t kNetwork = 0x2;
constexpr size_t kBarWidth = 30;

// "QUEUED" from "JOB_STATE_QUEUED"; a value of a newer service is shown as its number.
std::string EnumName(const std::string& name, std::string_view prefix, int value) {
  if (!name.starts_with(prefix)) return std::to_string(value);
  return name.substr(prefix.size());
}

std::string OutOf(const std::string& done, const std::string& total) {
  return done + " / " + total;
}

std::string FilesOf(const v1::JobProgress& progress) {
  return OutOf(std::to_string(progress.files_transferred()),
               std::to_string(progress.files_total()));
}

std::string BytesOf(const v1::JobProgress& progress) {
  return OutOf(ByteCount(progress.bytes_transferred()), ByteCount(progress.bytes_total()));
}

std::string FileState(const v1::File& file) {
  if (file.completed()) return "COMPLETED";
  return file.transferred() ? "TRANSFERRED" : "WORKING";
}

void AddTimes(const v1::Job& job, Rows& rows) {
  rows.push_back({"created:", TimeUtil::ToString(job.times().creation())});
  rows.push_back({"modified:", TimeUtil::ToString(job.times().modification())});
  const bool done = job.times().has_transfer_completion();
  rows.push_back(
      {"transferred:", done ? TimeUtil::ToString(job.times().transfer_completion()) : "UNKNOWN"});
}

void AddHelperToken(const v1::Job& job, Rows& rows) {
  rows.push_back({"helper flags:", FlagNames(job.helper_token_flags())});
  std::string token = "none";
  if (job.has_helper_token_sid()) {
    token = Printable(job.helper_token_sid()) + " until " +
            TimeUtil::ToString(job.helper_token_expire_time());
  }
  rows.push_back({"helper token:", token});
}

void AddError(const v1::Job& job, Rows& rows) {
  if (!job.has_error()) return;
  const v1::JobError& error = job.error();
  rows.push_back({"error:", Printable(error.reason()) + " (" + HresultText(error.hresult()) + ")"});
  rows.push_back({"error context:", EnumName(v1::ErrorContext_Name(error.context()),
                                             "ERROR_CONTEXT_", error.context())});
  rows.push_back({"error message:", Printable(error.message())});
  if (!error.rule().empty()) rows.push_back({"error rule:", Printable(error.rule())});
  if (error.http_status() != 0) {
    rows.push_back({"HTTP status:", std::to_string(error.http_status())});
  }
  if (error.has_file_index()) {
    rows.push_back({"error file:", std::to_string(error.file_index())});
  }
  if (error.retryable()) {
    rows.push_back({"next retry:", TimeUtil::ToString(error.next_retry_time())});
  }
}

std::string StateLine(const v1::Job& job) {
  std::string line = StateName(job.state());
  if (job.waiting_for() == v1::WAITING_FOR_UNSPECIFIED) return line;
  return line + " (waiting for " +
         EnumName(v1::WaitingFor_Name(job.waiting_for()), "WAITING_FOR_", job.waiting_for()) + ")";
}

uint64_t PercentOf(const v1::JobProgress& progress) {
  if (progress.bytes_total() == 0) return 0;
  const double share = static_cast<double>(progress.bytes_transferred()) /
                       static_cast<double>(progress.bytes_total());
  return static_cast<uint64_t>(std::clamp(share, 0.0, 1.0) * 100);
}

}  // namespace

std::string Printable(const std::string& text) {
  std::string clean;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool c1 = c == 0xC2 && next >= 0x80 && next < 0xA0;
    if (c1) ++i;
    clean.push_back(c1 || c < 0x20 || c == 0x7F ? '?' : text[i]);
  }
  return clean;
}

std::string StateName(v1::JobState state) {
  return EnumName(v1::JobState_Name(state), "JOB_STATE_", state);
}

std::string PriorityName(v1::JobPriority priority) {
  return EnumName(v1::JobPriority_Name(priority), "JOB_PRIORITY_", priority);
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

std::string ByteCount(uint64_t bytes) {
  return bytes == kUnknownSize ? "UNKNOWN" : std::to_string(bytes);
}

std::string HumanSize(uint64_t bytes) {
  if (bytes == kUnknownSize) return "UNKNOWN";
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string Table(const Rows& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += "\n";
  }
  return text;
}

std::string JobList(const std::vector<v1::Job>& jobs) {
  Rows rows;
  for (const v1::Job& job : jobs) {
    rows.push_back({job.id(), Printable(job.display_name()), StateName(job.state()),
                    FilesOf(job.progress()), BytesOf(job.progress())});
  }
  return Table(rows) + "\nListed " + std::to_string(jobs.size()) + " job(s).\n";
}

std::string FileList(const std::vector<v1::File>& files) {
  Rows rows;
  for (const v1::File& file : files) {
    rows.push_back({std::to_string(file.index()),
                    OutOf(ByteCount(file.bytes_transferred()), ByteCount(file.bytes_total())),
                    FileState(file),
                    Printable(file.remote_name()) + " -> " + Printable(file.local_name())});
  }
  return Table(rows) + "\nListed " + std::to_string(files.size()) + " file(s).\n";
}

std::string JobInfo(const v1::Job& job) {
  Rows rows{{"id:", job.id()},
            {"display name:", Printable(job.display_name())},
            {"description:", Printable(job.description())},
            {"state:", StateLine(job)},
            {"owner:", Printable(job.owner_sid()) + (job.elevated() ? " (elevated)" : "")},
            {"priority:", PriorityName(job.priority())},
            {"files:", FilesOf(job.progress())},
            {"bytes:", BytesOf(job.progress())}};
  AddTimes(job, rows);
  rows.push_back({"retry delay:", std::to_string(job.minimum_retry_delay().seconds()) + " s"});
  rows.push_back(
      {"no-progress timeout:", std::to_string(job.no_progress_timeout().seconds()) + " s"});
  AddHelperToken(job, rows);
  rows.push_back({"error count:", std::to_string(job.error_count())});
  AddError(job, rows);
  for (const std::string& path : job.undeleted_files()) {
    rows.push_back({"not removed:", Printable(path)});
  }
  return Table(rows);
}

std::string ServerInfo(const v1::GetServerInfoResponse& info) {
  Rows rows{{"version:", Printable(info.version())},
            {"policy:", Printable(info.policy())},
            {"identity switching:", info.identity_switching() ? "yes" : "no"}};
  for (const std::string& feature : info.features()) {
    rows.push_back({"feature:", Printable(feature)});
  }
  return Table(rows);
}

std::string ProgressLine(const v1::Job& job) {
  const v1::JobProgress& progress = job.progress();
  const bool known = progress.bytes_total() != kUnknownSize;
  const uint64_t percent = known ? PercentOf(progress) : 0;
  const size_t filled = percent * kBarWidth / 100;
  char share[8];
  std::snprintf(share, sizeof(share), "%3u%%", static_cast<unsigned>(percent));
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '-') + "] " +
         (known ? share : "  ?%") + "  " + HumanSize(progress.bytes_transferred()) + " / " +
         HumanSize(progress.bytes_total()) + "  " + FilesOf(progress) + " files  " + StateLine(job);
}

}  // namespace bits::cli
