#include "client/cli/live/display.h"

#include <map>
#include <ostream>
#include <string>

#include "client/cli/format.h"
#include "client/cli/output/json.h"
#include "client/cli/output/text.h"

namespace bits::cli {
namespace {

constexpr char kEraseLine[] = "\r\x1b[K";
// The alternate screen: what was on the terminal comes back at the end, whatever its size is then.
constexpr char kEnterScreen[] = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr char kLeaveScreen[] = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr char kHome[] = "\x1b[H";
constexpr char kEraseToLineEnd[] = "\x1b[K";
constexpr char kEraseBelow[] = "\x1b[J";
constexpr size_t kShortId = 8;
constexpr int kNoteworthyPercent = 10;

// The window may have another size by now. The last column stays free: some terminals wrap there.
Style StyleNow(const Context& context) {
  Style style = context.style;
  const size_t columns = TerminalSize(context.terminal).columns;
  style.width = columns > 1 ? columns - 1 : columns;
  return style;
}

class LineDisplay final : public Display {
 public:
  explicit LineDisplay(const Context& context) : context_(context) {}
  ~LineDisplay() override {
    if (!last_.empty()) context_.out << "\n" << std::flush;
  }

  void Show(const std::vector<const TrackedJob*>& jobs) override {
    if (jobs.empty()) return;
    SayTrouble(jobs.front()->job);
    std::string line = ProgressLine(*jobs.front(), StyleNow(context_));
    if (line == last_) return;
    last_ = std::move(line);
    context_.out << kEraseLine << last_ << std::flush;
  }

 private:
  // Once on a line of its own: on the bar's there is little room.
  void SayTrouble(const v1::Job& job) {
    const bool waits = job.state() == v1::JOB_STATE_TRANSIENT_ERROR;
    if (!waits || job.error().message() == trouble_) return;
    trouble_ = job.error().message();
    last_.clear();
    context_.out << kEraseLine << Printable(trouble_) << "\n" << std::flush;
  }

  const Context& context_;
  std::string last_;
  std::string trouble_;
};

class ScreenDisplay final : public Display {
 public:
  explicit ScreenDisplay(const Context& context) : context_(context) {
    context_.out << kEnterScreen << std::flush;
  }
  // What was seen last stays to be read on the ordinary screen.
  ~ScreenDisplay() override {
    context_.out << kLeaveScreen;
    for (const std::string& line : last_) context_.out << line << "\n";
    context_.out << std::flush;
  }

  void Show(const std::vector<const TrackedJob*>& jobs) override {
    last_ = Screen(jobs, TerminalSize(context_.terminal), StyleNow(context_));
    std::string text = kHome;
    for (size_t i = 0; i < last_.size(); ++i) {
      text += (i == 0 ? "" : "\r\n") + last_[i] + kEraseToLineEnd;
    }
    context_.out << text << kEraseBelow << std::flush;
  }

 private:
  const Context& context_;
  std::vector<std::string> last_;
};

// Prints a job when what `key` makes of it differs from the last time.
class ChangeDisplay : public Display {
 public:
  explicit ChangeDisplay(const Context& context) : context_(context) {}

  void Show(const std::vector<const TrackedJob*>& jobs) override {
    for (const TrackedJob* tracked : jobs) {
      std::string key = Key(tracked->job);
      std::string& last = keys_[tracked->job.id()];
      if (key == last) continue;
      last = std::move(key);
      context_.out << Line(*tracked) << std::flush;
    }
  }

 protected:
  virtual std::string Key(const v1::Job& job) const = 0;
  virtual std::string Line(const TrackedJob& tracked) const = 0;
  const Context& context_;

 private:
  std::map<std::string, std::string> keys_;
};

class TextDisplay final : public ChangeDisplay {
 public:
  TextDisplay(const Context& context, bool one_job) : ChangeDisplay(context), one_job_(one_job) {}

 private:
  std::string Key(const v1::Job& job) const override {
    const int percent = PercentOf(job.progress());
    const bool waits = job.state() == v1::JOB_STATE_TRANSIENT_ERROR;
    return StateCell(job).text + (waits ? job.error().message() : "") + " " +
           FilesOf(job.progress()) + " " +
           std::to_string(percent < 0 ? -1 : percent / kNoteworthyPercent);
  }
  std::string Line(const TrackedJob& tracked) const override {
    const std::string line = ProgressLine(tracked, {.width = 0, .color = context_.style.color});
    if (one_job_) return line + "\n";
    return tracked.job.id().substr(0, kShortId) + " " + Printable(tracked.job.display_name()) +
           "  " + line + "\n";
  }

  const bool one_job_;
};

class JsonDisplay final : public ChangeDisplay {
 public:
  using ChangeDisplay::ChangeDisplay;

 private:
  std::string Key(const v1::Job& job) const override { return job.SerializeAsString(); }
  std::string Line(const TrackedJob& tracked) const override { return JsonLine(tracked.job); }
};

}  // namespace

std::unique_ptr<Display> MakeDisplay(const Context& context, bool one_job) {
  if (context.json()) return std::make_unique<JsonDisplay>(context);
  if (!context.terminal) return std::make_unique<TextDisplay>(context, one_job);
  if (one_job) return std::make_unique<LineDisplay>(context);
  return std::make_unique<ScreenDisplay>(context);
}

}  // namespace bits::cli
