#include "server/store/row_reader.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/connection_settings.h"
#include "server/policy/credential_rules.h"
#include "server/store/stored_credentials.h"
#include "server/store/table_sql.h"

namespace bitsd {
namespace {

absl::Status Damaged(const std::string& table, const std::string& row, const std::string& why) {
  return error::StoreUnavailable(absl::StrCat("table ", table, ", ", row, ": ", why));
}

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

  /// True when there is one more row, which `read` takes from a ColumnReader. An error of `read`'s
  /// columns ends it.
  template <typename Read>
  bool Next(Read read) {
    if (!status_.ok()) return false;
    const int code = statement_.Step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) status_ = connection_.ErrorOf(code);
    if (code != SQLITE_ROW) return false;
    ColumnReader columns(statement_);
    read(columns);
    ++number_;
    if (!columns.problem().empty()) Refuse(columns.problem());
    return status_.ok();
  }

  /// Notes damage in the current row, unless there is some already.
  void Refuse(const std::string& why) {
    if (status_.ok()) status_ = Damaged(table_, absl::StrCat("row ", number_, " by its key"), why);
  }

  const absl::Status& status() const { return status_; }

 private:
  sqlite::Connection& connection_;
  const std::string table_;
  sqlite::Statement statement_;
  absl::Status status_;
  uint64_t number_ = 0;
};

/// The parts of jobs that a table has, in the order of jobs and of their number: the next one waits
/// here for its job.
template <typename Part>
class Parts {
 public:
  using Read = void (*)(ColumnReader& columns, JobId& job, uint64_t& number, Part& part);

  Parts(Rows rows, Read read) : rows_(std::move(rows)), read_(read) { Advance(); }

  /// Gives the parts of `job` to `take`, and returns how many there were.
  template <typename Take>
  uint64_t Of(const JobId& job, Take take) {
    uint64_t count = 0;
    for (; here_ && job_ == job; Advance()) {
      if (number_ != count++) rows_.Refuse("its number does not follow the one before");
      take(std::move(part_));
    }
    // What comes before the job belongs to none.
    if (here_ && job_ < job) rows_.Refuse(absl::StrCat("there is no job ", job_.ToString()));
    return count;
  }

  /// To be asked after the last job.
  absl::Status End() {
    if (here_) rows_.Refuse(absl::StrCat("there is no job ", job_.ToString()));
    return rows_.status();
  }
  const absl::Status& status() const { return rows_.status(); }

 private:
  void Advance() {
    part_ = Part();
    here_ = rows_.Next([this](ColumnReader& columns) { read_(columns, job_, number_, part_); });
  }

  Rows rows_;
  const Read read_;
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
  Jobs(sqlite::Connection& connection, const SecretBox* secrets)
      : secrets_(secrets),
        jobs_(connection, "jobs", table_sql::JobNames(), "id"),
        files_({connection, "files", table_sql::FileNames(), "job, number"},
               [](ColumnReader& columns, JobId& job, uint64_t& number, FileRecord& file) {
                 DescribeFile(columns, job, number, file);
               }),
        abandoned_({connection, "abandoned", table_sql::AbandonedNames(), "job, number"},
                   [](ColumnReader& columns, JobId& job, uint64_t& number, TemporaryFile& file) {
                     DescribeAbandoned(columns, job, number, file);
                   }),
        networks_(
            {connection, "networks", table_sql::NetworkNames(), "job"},
            [](ColumnReader& columns, JobId& job, uint64_t& number, NetworkSettings& network) {
              number = 0;  // A job has one at most.
              DescribeNetwork(columns, job, network);
            }),
        credentials_(
            {connection, "credentials", table_sql::CredentialNames(), "job, number"},
            [](ColumnReader& columns, JobId& job, uint64_t& number, StoredCredential& credential) {
              DescribeCredential(columns, job, number, credential);
            }) {}

  /// The next one; null after the last, and when something is damaged.
  JobRecordPtr Next() {
    auto job = std::make_shared<JobRecord>();
    uint64_t files = 0;
    const bool more = jobs_.Next([&](ColumnReader& columns) {
      DescribeJob(columns, *job, files);
      columns.Refuse(ProblemOf(*job, files));
    });
    if (!more) return nullptr;
    if (last_ && !(*last_ < job->id)) jobs_.Refuse("its key does not follow the one before");
    last_ = job->id;
    AddParts(*job, files);
    return Status().ok() ? job : nullptr;
  }

  /// OK when everything was read, and nothing is left over.
  absl::Status End() {
    if (absl::Status status = Status(); !status.ok()) return status;
    for (const absl::Status& end :
         {files_.End(), abandoned_.End(), networks_.End(), credentials_.End()}) {
      if (!end.ok()) return end;
    }
    return absl::OkStatus();
  }

 private:
  void AddParts(JobRecord& job, uint64_t files) {
    auto list = std::make_shared<FileRecords>();
    const uint64_t found =
        files_.Of(job.id, [&](FileRecord file) { list->push_back(std::move(file)); });
    if (found != files) {
      jobs_.Refuse(absl::StrCat("job ", job.id.ToString(), " has ", files, " files, and ", found,
                                " are there"));
    }
    job.files = std::move(list);
    abandoned_.Of(job.id, [&](TemporaryFile file) { job.abandoned.push_back(std::move(file)); });
    AddNetwork(job);
  }

  void AddNetwork(JobRecord& job) {
    std::optional<NetworkSettings> network;
    networks_.Of(job.id, [&](NetworkSettings settings) { network = std::move(settings); });
    std::vector<StoredCredential> stored;
    credentials_.Of(job.id, [&](StoredCredential one) { stored.push_back(std::move(one)); });
    if (const std::string problem = ProblemOf(stored); !problem.empty()) jobs_.Refuse(problem);
    if (!network && !stored.empty()) jobs_.Refuse("a job without network settings has credentials");
    if (!network) return;
    if (const std::string problem = ProblemOf(*network); !problem.empty()) jobs_.Refuse(problem);
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
  Rows jobs_;
  Parts<FileRecord> files_;
  Parts<TemporaryFile> abandoned_;
  Parts<NetworkSettings> networks_;
  Parts<StoredCredential> credentials_;
  std::optional<JobId> last_;
};

absl::Status ReadJobs(sqlite::Connection& connection, const SecretBox* secrets,
                      const StoreVisitor& visitor) {
  Jobs jobs(connection, secrets);
  while (JobRecordPtr job = jobs.Next()) visitor.job(std::move(job));
  return jobs.End();
}

/// Lists that stand for the files of answered jobs: only how many they are is known.
class BlankFiles {
 public:
  FileList Of(uint64_t count) {
    FileList& list = lists_[count];
    if (list == nullptr) list = std::make_shared<const FileRecords>(count);
    return list;
  }

 private:
  std::map<uint64_t, FileList> lists_;
};

absl::Status ReadRequests(sqlite::Connection& connection, const StoreVisitor& visitor) {
  Rows rows(connection, "requests", table_sql::RequestNames(), "caller, request_id");
  BlankFiles blanks;
  while (true) {
    RequestRecord request;
    auto answer = std::make_shared<JobRecord>();
    uint64_t files = 0;
    const bool more = rows.Next([&](ColumnReader& columns) {
      DescribeRequest(columns, request, *answer, files);
      columns.Refuse(ProblemOf(*answer, files));
    });
    if (!more) return rows.status();
    answer->files = blanks.Of(files);
    request.answer = std::move(answer);
    visitor.request(std::move(request));
  }
}

absl::Status ReadSessions(sqlite::Connection& connection, const StoreVisitor& visitor) {
  Rows rows(connection, "sessions", table_sql::SessionNames(), "id");
  while (true) {
    SessionRecord session;
    const bool more = rows.Next([&](ColumnReader& columns) { DescribeSession(columns, session); });
    if (!more) return rows.status();
    visitor.session(session);
  }
}

}  // namespace

absl::Status ReadRows(sqlite::Connection& connection, const SecretBox* secrets,
                      const StoreVisitor& visitor) {
  absl::Status status = ReadJobs(connection, secrets, visitor);
  if (status.ok()) status = ReadRequests(connection, visitor);
  return status.ok() ? ReadSessions(connection, visitor) : status;
}

}  // namespace bitsd
