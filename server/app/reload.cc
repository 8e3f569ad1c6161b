#include "server/app/reload.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/app/protected_files.h"
#include "server/identity/trust_roots.h"
#include "server/ops/config_change.h"
#include "server/ops/log.h"

namespace bitsd {
namespace {

constexpr std::chrono::seconds kPoll{1};

/// The file a failure is about, as its message begins with it; else all files of the source.
std::string FileOf(std::string_view message, const std::string& files) {
  const size_t colon = message.find(':');
  const bool path = message.starts_with('/') && colon != std::string_view::npos;
  return path ? std::string(message.substr(0, colon)) : files;
}

bool SameAccounts(const FileAccountDirectory& a, const FileAccountDirectory& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [sid, account] : a.accounts()) {
    const auto other = b.Find(sid);
    if (other == nullptr || !(*other == *account)) return false;
  }
  return true;
}

}  // namespace

Reloader::Reloader(Targets targets, Loaded loaded)
    : targets_(std::move(targets)), start_(loaded.config), loaded_(std::move(loaded)) {
  const auto add = [this](ReloadSource name, const std::vector<std::string>& files,
                          absl::StatusOr<bool> (Reloader::*load)()) {
    sources_.push_back(Source{name, FileStamps(files), absl::StrJoin(files, ", "), false,
                              [this, load] { return (this->*load)(); }});
  };
  // The configuration first: it says which groups are privileged.
  add(ReloadSource::kConfiguration, {start_.path}, &Reloader::LoadConfiguration);
  add(ReloadSource::kAccountDirectory, {start_.account_directory}, &Reloader::LoadAccounts);
  add(ReloadSource::kServerCertificate, {start_.tls_certificate, start_.tls_key},
      &Reloader::LoadServerPair);
  add(ReloadSource::kClientRoots, {start_.tls_roots}, &Reloader::LoadClientRoots);
  add(ReloadSource::kSanSidRoots, start_.tls_san_sid_roots, &Reloader::LoadSanSidRoots);
  add(ReloadSource::kRevocationLists, start_.tls_crls, &Reloader::LoadCrls);
  thread_ = std::thread([this] { Run(); });
}

Reloader::~Reloader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Reloader::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_for(lock, kPoll, [this] { return stopping_ || asked_ != answered_; });
    if (stopping_) return;
    const uint64_t asked = asked_;
    const bool always = asked != answered_;
    lock.unlock();
    LookAt(always);
    lock.lock();
    answered_ = asked;
    changed_.notify_all();
  }
}

void Reloader::ReloadAll() {
  std::unique_lock lock(mutex_);
  const uint64_t mine = ++asked_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return stopping_ || answered_ >= mine; });
}

void Reloader::LookAt(bool always) {
  for (Source& source : sources_) {
    const bool changed = source.stamps.Changed();
    if (std::exchange(source.look, false) || changed || always) Load(source);
  }
}

void Reloader::Load(Source& source) {
  const absl::StatusOr<bool> changed = source.load();
  const absl::Time now = targets_.clock.Now();
  if (changed.ok()) {
    const bool was_failing =
        targets_.board.Good(source.name, *changed ? std::optional(now) : std::nullopt);
    if (*changed) spdlog::info("reloaded: {}", NameOf(source.name));
    if (was_failing) spdlog::info("in order again: {}", NameOf(source.name));
  } else {
    const std::string reason(changed.status().message());
    const bool news =
        targets_.board.Failed(source.name, {now, FileOf(reason, source.files), reason});
    if (news) {
      spdlog::error("cannot reload the {}; what was loaded before stays in force: {}",
                    NameOf(source.name), reason);
    }
  }
  targets_.rpc.ShowReloads();
}

absl::StatusOr<bool> Reloader::LoadConfiguration() {
  absl::StatusOr<Config> read = ReadConfig(start_.path, loaded_.deciding_owner);
  if (!read.ok()) return read.status();
  ConfigChange change = ReloadConfig(start_, *std::move(read));
  if (targets_.board.SetRestartNeeded(change.restart_needed) && !change.restart_needed.empty()) {
    spdlog::warn("changed in the configuration, and ignored until a restart: {}",
                 absl::StrJoin(change.restart_needed, ", "));
  }
  if (change.config == loaded_.config) return false;
  if (change.config.privileged_groups != loaded_.config.privileged_groups) {
    // Another rule for the same accounts: both are taken, or neither, until one is mended.
    Of(ReloadSource::kConfiguration).look = true;
    auto accounts = ReadAccounts(change.config, loaded_.deciding_owner);
    if (!accounts.ok()) return accounts.status();
    Of(ReloadSource::kAccountDirectory).look = true;
  }
  loaded_.config = std::move(change.config);
  SetLogLevel(loaded_.config.log_level);
  targets_.configure(loaded_.config);
  return true;
}

absl::StatusOr<bool> Reloader::LoadAccounts() {
  auto accounts = ReadAccounts(loaded_.config, loaded_.deciding_owner);
  if (!accounts.ok()) return accounts.status();
  WarnOfSecrets(**accounts);
  if (SameAccounts(**accounts, *targets_.accounts.Snapshot())) return false;
  AdoptAccounts(*std::move(accounts));
  return true;
}

void Reloader::WarnOfSecrets(const FileAccountDirectory& accounts) {
  std::string problem(CheckSecrets(accounts).message());
  if (!problem.empty() && problem != secrets_problem_) {
    spdlog::error("{}; until it is mended, its account shows nothing to servers with it", problem);
  }
  secrets_problem_ = std::move(problem);
}

// Every call is judged anew before the sessions of whom it concerns end: Authenticator.
void Reloader::AdoptAccounts(std::shared_ptr<const FileAccountDirectory> accounts) {
  const auto before = targets_.accounts.Replace(accounts);
  targets_.identities.Renew(accounts);
  std::vector<Sid> gone;
  for (const ChangedAccount& changed : ChangedAccounts(*before, *accounts)) {
    targets_.audit.Write(
        {"account_changed",
         {{"sid", changed.sid.ToString()}, {"change", std::string(NameOf(changed.change))}}});
    const bool leaves =
        changed.change == AccountChange::kRemoved || changed.change == AccountChange::kDisabled;
    if (leaves) {
      targets_.sessions.CloseOf(changed.sid, NameOf(changed.change));
      gone.push_back(changed.sid);
    } else {
      targets_.sessions.RefreshOf(changed.sid, NameOf(changed.change));
    }
  }
  targets_.jobs.OnAccountsChanged(gone);
  targets_.rpc.OnNewGeneration();
}

absl::StatusOr<bool> Reloader::LoadServerPair() {
  rpc::TlsMaterial tls = loaded_.tls;
  if (absl::Status status = ReadServerPair(start_, tls); !status.ok()) return status;
  if (tls == loaded_.tls) return false;
  if (absl::Status status = targets_.rpc.ReplaceTls(tls); !status.ok()) return status;
  loaded_.tls = std::move(tls);
  return true;
}

absl::StatusOr<bool> Reloader::LoadClientRoots() {
  Loaded next = loaded_;
  if (absl::Status status = ReadClientRoots(start_, next.tls); !status.ok()) return status;
  if (next.tls == loaded_.tls) return false;
  const bool trust_less = !KeepsAllRoots(loaded_.tls.roots, next.tls.roots);
  absl::Status status = AdoptTrust(std::move(next), trust_less);
  if (!status.ok()) return status;
  return true;
}

absl::StatusOr<bool> Reloader::LoadSanSidRoots() {
  absl::StatusOr<std::vector<std::string>> roots = ReadSanSidRoots(start_);
  if (!roots.ok()) return roots.status();
  if (*roots == loaded_.san_sid_roots) return false;
  const bool trust_less =
      !KeepsAllRoots(absl::StrJoin(loaded_.san_sid_roots, "\n"), absl::StrJoin(*roots, "\n"));
  Loaded next = loaded_;
  next.san_sid_roots = *std::move(roots);
  absl::Status status = AdoptTrust(std::move(next), trust_less);
  if (!status.ok()) return status;
  return true;
}

absl::StatusOr<bool> Reloader::LoadCrls() {
  absl::StatusOr<std::vector<std::string>> crls = ReadCrls(start_);
  if (!crls.ok()) return crls.status();
  if (*crls == loaded_.crls) return false;
  Loaded next = loaded_;
  next.crls = *std::move(crls);
  absl::Status status = AdoptTrust(std::move(next), false);
  if (!status.ok()) return status;
  return true;
}

absl::StatusOr<CertificateReader> Loaded::MakeReader(std::optional<absl::Time> now) const {
  absl::StatusOr<RevocationLists> revoked = RevocationLists::Create(crls, tls.roots, now);
  if (!revoked.ok()) return revoked.status();
  return CertificateReader::Create(san_sid_roots, tls.roots, *std::move(revoked));
}

absl::Status Reloader::AdoptTrust(Loaded next, bool trust_less) {
  const bool new_lists = next.crls != loaded_.crls;
  absl::StatusOr<CertificateReader> reader =
      next.MakeReader(new_lists ? std::optional(targets_.clock.Now()) : std::nullopt);
  if (!reader.ok()) return reader.status();
  // New roots may have signed lists that were refused before.
  if (!new_lists) Of(ReloadSource::kRevocationLists).look = true;
  if (next.tls != loaded_.tls) {
    // The pair in force may have expired meanwhile: that is no reason to keep the old roots.
    if (absl::Status status = targets_.rpc.ReplaceRoots(next.tls); !status.ok()) return status;
  }
  loaded_ = std::move(next);
  targets_.identities.Renew(*std::move(reader));
  if (trust_less) {
    // Which tokens and handles came by which root is not kept: none outlives a root that is gone.
    spdlog::warn("a trust root was removed: every helper token and handle ends");
    targets_.audit.Write({"roots_removed", {}});
    targets_.sessions.RefreshAll("roots_changed");
  }
  targets_.rpc.OnNewGeneration();
  return absl::OkStatus();
}

}  // namespace bitsd
