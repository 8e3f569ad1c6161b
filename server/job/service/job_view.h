// Jobs and files as they are shown. No view has a secret.
//
// Thread safety: values. Ownership: a view shares its record, which is immutable.

#ifndef BITSD_SERVER_JOB_SERVICE_JOB_VIEW_H_
#define BITSD_SERVER_JOB_SERVICE_JOB_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/error/hresult.h"
#include "server/identity/sid.h"
#include "server/model/job_record.h"
#include "server/model/network_settings.h"
#include "server/policy/network_facts.h"
#include "server/policy/token_scope.h"

namespace bitsd {

/// Why a job does not move; the values are those of bits.v1.WaitingFor.
enum class WaitingFor {
  kNothing = 0,
  kLogon = 1,
  kToken = 2,
  kSlot = 3,
  kRetryTimer = 5,
  kStore = 6,
  kAccount = 7
};

/// What a restart leaves of a credential; the values are those of bits.v1.CredentialStorage.
enum class CredentialStorage { kStored = 1, kMemoryOnly = 2, kLost = 3 };

/// A credential as it is shown: that it is there.
struct CredentialView {
  AuthTarget target = AuthTarget::kServer;
  AuthScheme scheme = AuthScheme::kBasic;
  bool implicit = false;
  CredentialStorage storage = CredentialStorage::kStored;

  friend bool operator==(const CredentialView&, const CredentialView&) = default;
};

/// A job as it is shown: its record without secrets, and what is going on.
struct JobView {
  JobRecordPtr record;
  uint64_t revision = 0;  ///< Rises with everything that is shown; the record's with the record.
  JobState state = JobState::kSuspended;  ///< With CONNECTING and TRANSFERRING, unlike the record.
  WaitingFor waiting_for = WaitingFor::kNothing;
  uint64_t bytes_total = 0;  ///< kSizeUnknown until every size is known.
  uint64_t bytes_transferred = 0;
  uint32_t files_transferred = 0;
  std::optional<Sid> token_sid;
  std::optional<absl::Time> token_expires;
  bool token_ends_soon = false;
  policy::TokenScopePtr token_scope;
  std::vector<CredentialView> credentials;
  std::optional<ClientCertificate> client_certificate;  ///< For the owner alone.
};

/// A file as it is shown.
struct FileView {
  uint32_t index = 0;
  FileRecord record;
  uint64_t bytes_total = kSizeUnknown;
  uint64_t bytes_transferred = 0;
};

struct JobPage {
  std::vector<JobView> jobs;
  std::string next_page_token;
};

struct FilePage {
  std::vector<FileView> files;
  std::string next_page_token;
};

struct JobOutcome {
  JobView job;
  Hresult hresult = Hresult::kOk;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_JOB_VIEW_H_
