#include "client/cli/session/ended_session.h"

#include <algorithm>

#include "bitsd/client/error.h"
#include "client/cli/error_report.h"

namespace bits::cli {
namespace {

constexpr uint32_t kNotLoggedOn = 0x800704DD;

void Forget(const RememberedSession& session) {
  const auto remembered = session.file.Read();
  // Another run may have logged on meanwhile.
  if (remembered.ok() && *remembered == session.id) session.file.Forget();
}

}  // namespace

bool IsNotLoggedOn(const absl::Status& status) { return ErrorOf(status).hresult == kNotLoggedOn; }

absl::StatusOr<bool> Stands(const Client& client, const std::string& session_id) {
  const auto sessions = client.ListAllSessions(/*all_users=*/false);
  if (IsNotLoggedOn(sessions.status())) return false;
  if (!sessions.ok()) return sessions.status();
  return std::any_of(sessions->begin(), sessions->end(), [&](const v1::Session& session) {
    return session.session_id() == session_id;
  });
}

absl::Status ForgetEnded(const absl::Status& status, const std::vector<RememberedSession>& used) {
  if (!IsNotLoggedOn(status)) return status;
  absl::Status explained = status;
  for (const RememberedSession& session : used) {
    const auto stands = Stands(session.client, session.id);
    if (!stands.ok() || *stands) continue;
    Forget(session);
    explained =
        WithAdvice(explained, "logon session " + session.id + " of " + session.client.sid() +
                                  ", which bitsctl remembered, has ended and is forgotten; "
                                  "the next call is made in the default session");
  }
  return explained;
}

}  // namespace bits::cli
