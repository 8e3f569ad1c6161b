#include "server/store/sqlite/table_sql.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bitsd::table_sql {

std::vector<std::string> JobNames() {
  ColumnNames names;
  DescribeJob(names, JobRecord(), uint64_t{0});
  return names.names();
}

std::vector<std::string> FileNames() {
  ColumnNames names;
  DescribeFile(names, JobId(), uint64_t{0}, FileRecord());
  return names.names();
}

std::vector<std::string> AbandonedNames() {
  ColumnNames names;
  DescribeAbandoned(names, JobId(), uint64_t{0}, TemporaryFile());
  return names.names();
}

std::vector<std::string> NetworkNames() {
  ColumnNames names;
  DescribeNetwork(names, JobId(), NetworkSettings());
  return names.names();
}

std::vector<std::string> CredentialNames() {
  ColumnNames names;
  DescribeCredential(names, JobId(), uint64_t{0}, StoredCredential());
  return names.names();
}

std::vector<std::string> RequestNames() {
  ColumnNames names;
  DescribeRequest(names, RequestRecord(), JobRecord(), uint64_t{0});
  return names.names();
}

std::vector<std::string> SessionNames() {
  ColumnNames names;
  DescribeSession(names, SessionRecord());
  return names.names();
}

std::string Put(const std::string& table, const std::vector<std::string>& names) {
  const std::vector<std::string> marks(names.size(), "?");
  return absl::StrCat("INSERT OR REPLACE INTO ", table, " (", absl::StrJoin(names, ", "),
                      ") VALUES (", absl::StrJoin(marks, ", "), ")");
}

std::string Read(const std::string& table, const std::vector<std::string>& names,
                 const std::string& order) {
  return absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM ", table, " ORDER BY ", order);
}

}  // namespace bitsd::table_sql
