// SQL made of the lists of columns (job_columns.h), so that no list is written twice.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_STORE_SQLITE_TABLE_SQL_H_
#define BITSD_SERVER_STORE_SQLITE_TABLE_SQL_H_

#include <string>
#include <vector>

#include "server/store/job_columns.h"

namespace bitsd::table_sql {

/// Columns of the tables jobs, files, abandoned, networks, credentials, requests and sessions.
std::vector<std::string> JobNames();
std::vector<std::string> FileNames();
std::vector<std::string> AbandonedNames();
std::vector<std::string> NetworkNames();
std::vector<std::string> CredentialNames();
std::vector<std::string> RequestNames();
std::vector<std::string> SessionNames();

/// "INSERT OR REPLACE INTO `table` (a, b) VALUES (?, ?)".
std::string Put(const std::string& table, const std::vector<std::string>& names);
/// "SELECT a, b FROM `table` ORDER BY `order`".
std::string Read(const std::string& table, const std::vector<std::string>& names,
                 const std::string& order);

}  // namespace bitsd::table_sql

#endif  // BITSD_SERVER_STORE_SQLITE_TABLE_SQL_H_
