#include "client/cli/live/progress.h"

#include <absl/strings/str_format.h>

#include <algorithm>

#include "client/cli/format.h"
#include "client/cli/output/text.h"
#include "client/cli/output/units.h"

namespace bits::cli {
namespace {

constexpr size_t kBarWidth = 30;
constexpr size_t kSmallestBar = 6;
constexpr size_t kNameWidth = 24;
constexpr size_t kSmallestName = 8;

std::string Bar(int percent, size_t width) {
  const size_t filled = percent < 0 ? 0 : static_cast<size_t>(percent) * width / 100;
  return "[" + std::string(filled, '#') + std::string(width - filled, '-') + "] ";
}

std::string SpeedOf(const TrackedJob& tracked) {
  const v1::JobProgress& progress = tracked.job.progress();
  if (!IsActive(tracked.job.state())) return "";
  std::string text = HumanSize(static_cast<uint64_t>(tracked.rate.BytesPerSecond())) + "/s  ";
  const bool known = progress.bytes_total() != kUnknownSize &&
                     progress.bytes_total() > progress.bytes_transferred();
  if (!known) return text;
  const auto left = tracked.rate.TimeFor(progress.bytes_total() - progress.bytes_transferred());
  return left ? text + HumanDuration(*left) + " left  " : text;
}

std::string FactsOf(const TrackedJob& tracked, int percent) {
  const v1::JobProgress& progress = tracked.job.progress();
  const std::string share = percent < 0 ? "  ?%" : absl::StrFormat("%3d%%", percent);
  return share + ("  " + HumanSize(progress.bytes_transferred())) + " / " +
         HumanSize(progress.bytes_total()) + "  " + FilesOf(progress) + " files  " +
         SpeedOf(tracked);
}

// Active ones first, then those that wait, then the rest.
int OrderOf(const TrackedJob& tracked) {
  if (IsActive(tracked.job.state())) return 0;
  return IsAtEnd(tracked.job.state()) ? 2 : 1;
}

std::string Heading(const std::vector<const TrackedJob*>& jobs) {
  double rate = 0;
  size_t active = 0;
  for (const TrackedJob* tracked : jobs) {
    if (!IsActive(tracked->job.state())) continue;
    rate += tracked->rate.BytesPerSecond();
    ++active;
  }
  return std::to_string(jobs.size()) + " job(s), " + std::to_string(active) + " active, " +
         HumanSize(static_cast<uint64_t>(rate)) + "/s   (Ctrl-C ends)";
}

size_t NameWidth(const std::vector<const TrackedJob*>& jobs, size_t columns) {
  size_t width = kSmallestName;
  for (const TrackedJob* tracked : jobs) {
    width = std::max(width, DisplayWidth(Printable(tracked->job.display_name())));
  }
  width = std::min(width, kNameWidth);
  return columns == 0 ? width : std::min(width, std::max(columns / 4, size_t{1}));
}

std::string NamedLine(const TrackedJob& tracked, size_t name_width, const Style& style) {
  const std::string name = Cut(Printable(tracked.job.display_name()), name_width);
  Style rest = style;
  if (style.width > 0) {
    if (style.width <= name_width + 2) return Cut(name, style.width);
    rest.width = style.width - name_width - 2;
  }
  return Padded(name, name_width, /*right=*/false) + "  " + ProgressLine(tracked, rest);
}

}  // namespace

bool IsFinal(v1::JobState state) {
  return state == v1::JOB_STATE_ACKNOWLEDGED || state == v1::JOB_STATE_CANCELLED;
}

bool IsAtEnd(v1::JobState state) {
  return IsFinal(state) || state == v1::JOB_STATE_TRANSFERRED || state == v1::JOB_STATE_ERROR;
}

bool IsActive(v1::JobState state) {
  return state == v1::JOB_STATE_CONNECTING || state == v1::JOB_STATE_TRANSFERRING;
}

int PercentOf(const v1::JobProgress& progress) {
  if (progress.bytes_total() == kUnknownSize) return -1;
  if (progress.bytes_total() == 0) {
    return progress.files_total() > 0 && progress.files_transferred() == progress.files_total()
               ? 100
               : 0;
  }
  const double share = static_cast<double>(progress.bytes_transferred()) /
                       static_cast<double>(progress.bytes_total());
  return static_cast<int>(std::clamp(share, 0.0, 1.0) * 100);
}

std::string ProgressLine(const TrackedJob& tracked, const Style& style) {
  const int percent = PercentOf(tracked.job.progress());
  const std::string facts = FactsOf(tracked, percent);
  Cell state = StateCell(tracked.job);
  const std::string trouble = TroubleOf(tracked.job, std::chrono::system_clock::now());
  // When it is tried again says why it waits.
  if (!trouble.empty()) state.text = StateName(tracked.job.state()) + trouble;
  const size_t text = DisplayWidth(facts) + DisplayWidth(state.text);
  if (style.width == 0)
    return Bar(percent, kBarWidth) + facts + Colored(state.text, state.color, style);
  const size_t room = style.width > text + 3 ? style.width - text - 3 : 0;
  std::string line = room < kSmallestBar ? "" : Bar(percent, std::min(room, kBarWidth));
  line += facts;
  // The state is what is cut, outside of its color.
  const size_t used = DisplayWidth(line);
  if (used >= style.width) return Cut(line, style.width);
  return line + Colored(Cut(state.text, style.width - used), state.color, style);
}

std::vector<std::string> Screen(const std::vector<const TrackedJob*>& jobs, const WindowSize& size,
                                const Style& style) {
  std::vector<const TrackedJob*> sorted = jobs;
  std::stable_sort(sorted.begin(), sorted.end(), [](const TrackedJob* a, const TrackedJob* b) {
    return OrderOf(*a) < OrderOf(*b);
  });
  const auto fit = [&style](const std::string& line) {
    return style.width == 0 ? line : Cut(line, style.width);
  };
  std::vector<std::string> lines{fit(Heading(jobs)), ""};
  const size_t name_width = NameWidth(jobs, style.width);
  const size_t rows = size.rows == 0 ? sorted.size() + 2 : size.rows;
  // One row is kept for what does not fit.
  const bool all_fit = lines.size() + sorted.size() <= rows;
  for (const TrackedJob* tracked : sorted) {
    if (!all_fit && lines.size() + 1 >= rows) break;
    lines.push_back(NamedLine(*tracked, name_width, style));
  }
  const size_t hidden = sorted.size() - (lines.size() - 2);
  if (hidden > 0) lines.push_back(fit("... and " + std::to_string(hidden) + " more"));
  if (lines.size() > rows) lines.resize(rows);
  return lines;
}

}  // namespace bits::cli
