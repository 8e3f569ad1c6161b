#include "server/app/show_set_aside.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/app/protected_files.h"
#include "server/broker/privileges.h"
#include "server/store/sqlite/set_aside.h"

namespace bitsd {
namespace {

/// The records hold other people's text: nothing of it moves a terminal.
std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char c) { return (c < 0x20 && c != '\n') || c >= 0x7f; }, '?');
  return text;
}

std::string Describe(const KeptAside& kept) {
  const SetAside& what = kept.what;
  std::string text = absl::StrCat(
      "-- set aside ", absl::FormatTime(what.found, absl::UTCTimeZone()), "\n-- ", what.why, "\n");
  if (what.job) absl::StrAppend(&text, "-- job ", what.job->ToString(), "\n");
  if (what.owner) absl::StrAppend(&text, "-- owner ", what.owner->ToString(), "\n");
  return Printable(absl::StrCat(text, kept.sql));
}

}  // namespace

absl::StatusOr<std::string> DescribeSetAside(const std::string& path) {
  const auto config = ReadConfig(path, geteuid());
  if (!config.ok()) return config.status();
  // The store is read as its owner, and its files made by nobody else.
  if (geteuid() == 0 && config->run_as_uid && config->run_as_gid) {
    privileges::LeaveRoot(*config->run_as_uid, *config->run_as_gid);
  }
  const auto all = ReadAside(config->state_dir);
  if (!all.ok()) return all.status();
  std::string text;
  for (const KeptAside& kept : *all)
    absl::StrAppend(&text, text.empty() ? "" : "\n", Describe(kept));
  return text.empty() ? "-- nothing is set aside\n" : text;
}

}  // namespace bitsd
