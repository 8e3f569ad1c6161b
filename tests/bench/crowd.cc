#include "tests/bench/crowd.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <random>
#include <utility>

#include "server/store/sqlite/sqlite_store.h"
#include "tests/bench/cpu.h"
#include "tests/bench/must.h"

namespace bitsd::bench {
namespace {

constexpr size_t kUrlBytes = 100;
constexpr size_t kPathBytes = 60;
/// So many jobs are written in one commit, in the order of their ids, so that it goes through the
/// tables once.
constexpr size_t kBatch = 100'000;
constexpr char kTables[][10] = {"jobs", "files", "abandoned", "requests", "sessions"};

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Files are made and opened as bitsd's user while it lives.
class AsBitsd {
 public:
  AsBitsd() { Become(tests::kBitsdUser); }
  ~AsBitsd() { Become(0); }
  AsBitsd(const AsBitsd&) = delete;
  AsBitsd& operator=(const AsBitsd&) = delete;

 private:
  static void Become(uid_t user) {
    if (seteuid(user) != 0) std::abort();
  }
};

/// `begin`, padded to `size` by a number of its own.
std::string Padded(const std::string& begin, size_t size, size_t number) {
  const std::string digits = std::to_string(number);
  return begin + std::string(size - begin.size() - digits.size(), '0') + digits;
}

std::vector<JobId> SortedIds(size_t count) {
  std::vector<JobId> ids;
  while (ids.size() < count) ids.push_back(JobId::Random());
  std::sort(ids.begin(), ids.end());
  return ids;
}

JobRecordPtr MakeJob(const JobId& id, size_t number, const Sid& owner, absl::Time now) {
  auto job = std::make_shared<JobRecord>();
  job->id = id;
  job->display_name = "bench";
  job->owner = owner;
  job->creation = now + absl::Microseconds(number);
  job->modification = job->creation;
  FileRecord file;
  file.remote_name = Padded("http://127.0.0.1/", kUrlBytes, number);
  file.local_name = Padded("/srv/", kPathBytes, number);
  job->files = std::make_shared<FileRecords>(std::vector<FileRecord>{std::move(file)});
  return job;
}

void Commit(JobStore& store, std::vector<StoreChange> changes) {
  std::promise<absl::Status> committed;
  store.Commit(std::move(changes), [&](absl::Status status) { committed.set_value(status); });
  Must(committed.get_future().get());
}

/// Writes `count` jobs into the store in `folder`; returns their ids.
std::vector<std::string> Fill(const std::string& folder, size_t count) {
  const AsBitsd as_bitsd;
  const auto store = Must(SqliteStore::Open(folder));
  const Sid owner = Must(Sid::Parse(tests::Demo("fetcher").sid));
  const absl::Time now = absl::Now();
  std::vector<std::string> ids;
  while (ids.size() < count) {
    std::vector<StoreChange> changes;
    for (const JobId& id : SortedIds(std::min(kBatch, count - ids.size()))) {
      changes.emplace_back().put = MakeJob(id, ids.size(), owner, now);
      ids.push_back(id.ToString());
    }
    Commit(*store, std::move(changes));
  }
  return ids;
}

/// Takes every column of the row, and returns how many bytes they were.
size_t ReadRow(const sqlite::Statement& statement, int columns) {
  size_t bytes = 0;
  for (int i = 0; i < columns; ++i) {
    const int type = statement.Type(i);
    if (type == SQLITE_INTEGER) bytes += statement.Int(i) == 0 ? 1 : sizeof(int64_t);
    if (type == SQLITE_TEXT || type == SQLITE_BLOB) bytes += statement.Bytes(i).size();
  }
  return bytes;
}

size_t ReadTable(sqlite::Connection& connection, const std::string& table) {
  sqlite::Statement statement = Must(connection.Prepare("SELECT * FROM " + table));
  size_t bytes = 0;
  int code = SQLITE_ROW;
  while ((code = statement.Step()) == SQLITE_ROW) bytes += ReadRow(statement, statement.Columns());
  if (code != SQLITE_DONE) Must(connection.ErrorOf(code));
  return bytes;
}

double ResidentOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string word; file >> word;) {
    double kilobytes = 0;
    if (word == "Rss:" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

Crowd::Crowd(size_t count) {
  tests::BitsdOptions options;
  const std::string limit = std::to_string(count);
  options.config = "limits: {jobs_per_machine: " + limit + ", jobs_per_user: " + limit + "}";
  options.patience = std::chrono::minutes(5);
  bitsd_ = Must(tests::BitsdServer::Start(std::move(options)));
  Stop();
  jobs_ = Fill(bitsd_->StateFolder(), count);
  std::shuffle(jobs_.begin(), jobs_.end(), std::minstd_rand());
  StartAgain();
}

std::vector<std::string> Crowd::Some(size_t count) const {
  return {jobs_.begin(), jobs_.begin() + static_cast<ptrdiff_t>(std::min(count, jobs_.size()))};
}

void Crowd::Stop() { Must(bitsd_->Stop()); }

double Crowd::StartAgain() {
  const auto begin = Clock::now();
  Must(bitsd_->StartAgain());
  const bits::Client client = Must(bitsd_->Connect("fetcher"));
  Must(client.GetJob(jobs_.front()));
  return SecondsSince(begin);
}

double Crowd::ScanTables() const {
  const AsBitsd as_bitsd;
  const auto begin = Clock::now();
  auto connection = Must(sqlite::Connection::Open(bitsd_->StateFolder() + "/bitsd.db"));
  Must(connection.Execute("PRAGMA cache_size = -65536"));
  size_t bytes = 0;
  for (const char* table : kTables) bytes += ReadTable(connection, table);
  if (bytes < jobs_.size() * (kUrlBytes + kPathBytes)) std::abort();
  return SecondsSince(begin);
}

double Crowd::ResidentBytes() {
  double sum = 0;
  for (const pid_t pid : ProcessTree(bitsd_->process().pid())) sum += ResidentOf(pid);
  return sum;
}

}  // namespace bitsd::bench
