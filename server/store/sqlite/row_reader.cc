#include "server/store/sqlite/row_reader.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/policy/connection_settings.h"
#include "server/policy/credential_rules.h"
#include "server/store/sqlite/column_io.h"
#include "server/store/sqlite/table_sql.h"
#include "server/store/stored_credentials.h"

namespace bitsd {
namespace {

/// The rows of one table, one after the other.
class Rows {
 public:
  Rows(sqlite::Connection& connection, std::string table, const std::vector<std::string>& names,
       const std::string& order)
      : connection_(connection), table_(std::move(table)) {
    auto prepared = connection.Prepare(table_sql::Read(table_, names, order));
    status_ = prepared.status();
    if (prepared.ok()) statement_ = *std::move(prepared);
  }

  /// True when there is one more row, which `read` takes from a ColumnReader as far as it can.
  template <typename Read>
  bool Next(Read read) {
    if (!status_.ok()) return false;
    const int code = statement_.Step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) status_ = connection_.ErrorOf(code);
    if (code != SQLITE_ROW) return false;
    ColumnReader columns(statement_);
    read(columns);
    problem_ = columns.problem();
    key_ = Raw(0);
    return true;
  }

  /// The bytes of a column of the row, as they are.
  std::string_view Raw(int column) const { return statement_.Bytes(column); }
  /// Those of the first, by which the rows are in order.
  std::string_view key() const { return key_; }
  /// What is wrong with the row; empty when it is as it must be.
  const std::string& problem() const { return problem_; }
  const std::string& table() const { return table_; }

  /// An error when not even a row could be taken.
  const absl::Status& status() const { return status_; }

 private:
  sqlite::Connection& connection_;
  const std::string table_;
  sqlite::Statement statement_;
  absl::Status status_;
  std::string problem_;
  std::string_view key_;  ///< Until the next row.
};

std::string InTable(const std::string& table, const std::string& problem) {
  return absl::StrCat("table ", table, ": ", problem);
}

std::optional<JobId> JobOf(std::string_view key) {
  UuidBytes bytes{};
  if (key.size() != bytes.size()) return std::nullopt;
  std::copy(key.begin(), key.end(), bytes.begin());
  return JobId(bytes);
}

std::optional<Sid> Known(const Sid& sid) {
  return sid == Sid() ? std::nullopt : std::optional(sid);
}

/// Parts of a job that is not there: noted once, whichever tables they are in.
class Orphans {
 public:
  explicit Orphans(std::vector<Unreadable>& unreadable) : unreadable_(unreadable) {}

  void Add(const std::string& table, std::string_view key) {
    if (!keys_.emplace(key).second) return;
    Unreadable one;
    one.what.table = table;
    one.what.why = InTable(table, "there is no job that it belongs to");
    one.what.job = JobOf(key);
    one.key = std::string(key);
    unreadable_.push_back(std::move(one));
  }

 private:
  std::vector<Unreadable>& unreadable_;
  std::set<std::string, std::less<>> keys_;
};

/// The parts of jobs that a table has, in the order of jobs and of their number: the next one waits
/// here for its job. Keys are compared as SQLite does, so that also one that is no UUID finds its
/// job.
template <typename Part>
class Parts {
 public:
  using Read = void (*)(ColumnReader& columns, JobId& job, uint64_t& number, Part& part);

  Parts(Rows rows, Read read, Orphans& orphans)
      : rows_(std::move(rows)), read_(read), orphans_(orphans) {
    Advance();
  }

  /// Gives the parts of the job with `key` to `take`, and returns how many there were. `problem`,
  /// if it is empty, gets what is wrong with them.
  template <typename Take>
  uint64_t Of(std::string_view key, std::string& problem, Take take) {
    for (; here_ && rows_.key() < key; Advance()) orphans_.Add(rows_.table(), rows_.key());
    uint64_t count = 0;
    for (; here_ && rows_.key() == key; Advance()) {
      const bool in_turn = number_ == count++;
      if (problem.empty() && !rows_.problem().empty()) {
        problem = InTable(rows_.table(), rows_.problem());
      } else if (problem.empty() && !in_turn) {
        problem = InTable(rows_.table(), "its number does not follow the one before");
      }
      take(std::move(part_));
    }
    return count;
  }

  /// After the last job.
  void End() {
    for (; here_; Advance()) orphans_.Add(rows_.table(), rows_.key());
  }
  const absl::Status& status() const { return rows_.status(); }

 private:
  void Advance() {
    part_ = Part();
    here_ = rows_.Next([this](ColumnReader& columns) { read_(columns, job_, number_, part_); });
  }

  Rows rows_;
  const Read read_;
  Orphans& orphans_;
  bool here_ = false;
  JobId job_;
  uint64_t number_ = 0;
  Part part_;
};

/// What the rest of bitsd relies on, beyond the bounds of each value. Empty when it is so.
std::string ProblemOf(const JobRecord& job, uint64_t files) {
  const bool failed = job.state == JobState::kError || job.state == JobState::kTransientError;
  if (job.state == JobState::kConnecting || job.state == JobState::kTransferring) {
    return "column state has a value that is never stored";
  }
  if (failed && !job.error) return "a job in an error state has no error";
  if (job.state == JobState::kTransientError && (!job.error || !job.error->next_retry)) {
    return "a job in TRANSIENT_ERROR has no next retry";
  }
  if (job.error && job.error->file_index && *job.error->file_index >= files) {
    return "its error is about a file that it does not have";
  }
  return "";
}

/// Two credentials for the same target and scheme are damage. Empty when there are none.
std::string ProblemOf(const std::vector<StoredCredential>& credentials) {
  std::set<std::pair<AuthTarget, AuthScheme>> pairs;
  for (const StoredCredential& credential : credentials) {
    const bool known = policy::CheckCredentialKind(credential.target, credential.scheme).ok();
    if (!known) return "a credential is for no target, or of no scheme, that exists";
    if (!pairs.emplace(credential.target, credential.scheme).second) {
      return "there are two credentials for the same target and scheme";
    }
  }
  return "";
}

/// As UpdateJob has them. Empty when they are so.
std::string ProblemOf(const NetworkSettings& network) {
  const bool valid =
      policy::CheckProxySettings(network.proxy_usage, network.proxy_list, network.proxy_bypass)
          .ok() &&
      policy::CheckSecurityFlags(network.security_flags).ok();
  return valid ? "" : "its proxy settings or security flags are none that a job may have";
}

/// Puts jobs together from their five tables.
class Jobs {
 public:
  Jobs(sqlite::Connection& connection, const SecretBox* secrets,
       std::vector<Unreadable>& unreadable)
      : secrets_(secrets),
        unreadable_(unreadable),
        orphans_(unreadable),
        jobs_(connection, "jobs", table_sql::JobNames(), "id"),
        files_(
            {connection, "files", table_sql::FileNames(), "job, number"},
            [](ColumnReader& columns, JobId& job, uint64_t& number, FileRecord& file) {
              DescribeFile(columns, job, number, file);
            },
            orphans_),
        abandoned_(
            {connection, "abandoned", table_sql::AbandonedNames(), "job, number"},
            [](ColumnReader& columns, JobId& job, uint64_t& number, TemporaryFile& file) {
              DescribeAbandoned(columns, job, number, file);
            },
            orphans_),
        networks_(
            {connection, "networks", table_sql::NetworkNames(), "job"},
            [](ColumnReader& columns, JobId& job, uint64_t& number, NetworkSettings& network) {
              number = 0;  // A job has one at most.
              DescribeNetwork(columns, job, network);
            },
            orphans_),
        credentials_(
            {connection, "credentials", table_sql::CredentialNames(), "job, number"},
            [](ColumnReader& columns, JobId& job, uint64_t& number, StoredCredential& credential) {
              DescribeCredential(columns, job, number, credential);
            },
            orphans_) {}

  /// The next one that can be read; null after the last, and when the database is damaged.
  JobRecordPtr Next() {
    while (true) {
      auto job = std::make_shared<JobRecord>();
      uint64_t files = 0;
      const bool more = jobs_.Next([&](ColumnReader& columns) {
        DescribeJob(columns, *job, files);
        columns.Refuse(ProblemOf(*job, files));
      });
      if (!more) return nullptr;
      std::string problem = jobs_.problem().empty() ? "" : InTable(jobs_.table(), jobs_.problem());
      AddParts(*job, files, problem);
      if (!Status().ok()) return nullptr;
      if (problem.empty()) return job;
      Note(*job, std::move(problem));
    }
  }

  /// OK when everything was looked at, up to the last part.
  absl::Status End() {
    if (absl::Status status = Status(); !status.ok()) return status;
    files_.End();
    abandoned_.End();
    networks_.End();
    credentials_.End();
    return Status();
  }

 private:
  void Note(const JobRecord& job, std::string problem) {
    Unreadable one;
    one.key = std::string(jobs_.key());
    one.what = {"jobs", std::move(problem), JobOf(one.key), Known(job.owner), {}, true};
    unreadable_.push_back(std::move(one));
  }

  void AddParts(JobRecord& job, uint64_t files, std::string& problem) {
    auto list = std::make_shared<FileRecords>();
    const uint64_t found =
        files_.Of(jobs_.key(), problem, [&](FileRecord file) { list->push_back(std::move(file)); });
    if (problem.empty() && found != files) {
      problem = InTable("files", absl::StrCat("job ", job.id.ToString(), " has ", files,
                                              " files, and ", found, " are there"));
    }
    job.files = std::move(list);
    abandoned_.Of(jobs_.key(), problem,
                  [&](TemporaryFile file) { job.abandoned.push_back(std::move(file)); });
    AddNetwork(job, problem);
  }

  void AddNetwork(JobRecord& job, std::string& problem) {
    std::optional<NetworkSettings> network;
    networks_.Of(jobs_.key(), problem,
                 [&](NetworkSettings settings) { network = std::move(settings); });
    std::vector<StoredCredential> stored;
    credentials_.Of(jobs_.key(), problem,
                    [&](StoredCredential one) { stored.push_back(std::move(one)); });
    if (problem.empty()) problem = ProblemOf(stored);
    if (problem.empty() && !network && !stored.empty()) {
      problem = "a job without network settings has credentials";
    }
    if (problem.empty() && network) problem = ProblemOf(*network);
    if (!problem.empty() || !network) return;
    for (const StoredCredential& credential : stored) {
      Unseal(job.id, credential, secrets_, *network);
    }
    job.network = std::make_shared<const NetworkSettings>(*std::move(network));
  }

  absl::Status Status() const {
    for (const absl::Status* status :
         {&files_.status(), &abandoned_.status(), &networks_.status(), &credentials_.status()}) {
      if (!status->ok()) return *status;
    }
    return jobs_.status();
  }

  const SecretBox* const secrets_;
  std::vector<Unreadable>& unreadable_;
  Orphans orphans_;
  Rows jobs_;
  Parts<FileRecord> files_;
  Parts<TemporaryFile> abandoned_;
  Parts<NetworkSettings> networks_;
  Parts<StoredCredential> credentials_;
};

absl::Status ReadJobs(sqlite::Connection& connection, const SecretBox* secrets,
                      const StoreVisitor& visitor, std::vector<Unreadable>& unreadable) {
  Jobs jobs(connection, secrets, unreadable);
  while (JobRecordPtr job = jobs.Next()) visitor.job(std::move(job));
  return jobs.End();
}

absl::Status ReadRequests(sqlite::Connection& connection, const StoreVisitor& visitor,
                          std::vector<Unreadable>& unreadable) {
  // The oldest first, as they are forgotten.
  Rows rows(connection, "requests", table_sql::RequestNames(), "expires");
  while (true) {
    RequestRecord request;
    auto answer = std::make_shared<JobRecord>();
    uint64_t files = 0;
    const bool more = rows.Next([&](ColumnReader& columns) {
      DescribeRequest(columns, request, *answer, files);
      columns.Refuse(ProblemOf(*answer, files));
    });
    if (!more) return rows.status();
    if (!rows.problem().empty()) {
      unreadable.push_back({{rows.table(),
                             InTable(rows.table(), rows.problem()),
                             std::nullopt,
                             Known(request.caller),
                             {},
                             true},
                            std::string(rows.key()),
                            std::string(rows.Raw(1))});
      continue;
    }
    answer->files = std::make_shared<const FileRecords>(files);
    request.answer = std::move(answer);
    visitor.request(std::move(request));
  }
}

absl::Status ReadSessions(sqlite::Connection& connection, const StoreVisitor& visitor,
                          std::vector<Unreadable>& unreadable) {
  Rows rows(connection, "sessions", table_sql::SessionNames(), "id");
  while (true) {
    SessionRecord session;
    const bool more = rows.Next([&](ColumnReader& columns) { DescribeSession(columns, session); });
    if (!more) return rows.status();
    if (rows.problem().empty()) {
      visitor.session(session);
    } else {
      unreadable.push_back({{rows.table(),
                             InTable(rows.table(), rows.problem()),
                             std::nullopt,
                             Known(session.user),
                             {},
                             true},
                            std::string(rows.key()),
                            ""});
    }
  }
}

}  // namespace

absl::Status ReadRows(sqlite::Connection& connection, const SecretBox* secrets,
                      const StoreVisitor& visitor, std::vector<Unreadable>& unreadable) {
  absl::Status status = ReadJobs(connection, secrets, visitor, unreadable);
  if (status.ok()) status = ReadRequests(connection, visitor, unreadable);
  return status.ok() ? ReadSessions(connection, visitor, unreadable) : status;
}

}  // namespace bitsd
