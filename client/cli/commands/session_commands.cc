// logon, logoff, sessions.

#include <algorithm>
#include <thread>

#include "bitsd/client/logon_session.h"
#include "client/base/uuid.h"
#include "client/cli/command.h"
#include "client/cli/context.h"
#include "client/cli/error_report.h"
#include "client/cli/format.h"
#include "client/cli/live/interrupt.h"
#include "client/cli/output/json.h"
#include "client/cli/output/units.h"
#include "client/cli/session/ended_session.h"
#include "client/cli/values.h"

namespace bits::cli {
namespace {

using std::chrono::seconds;

constexpr std::chrono::milliseconds kTick{100};
constexpr char kDefaultTtl[] = "1h";
// The service's bounds are narrower; it names them.
constexpr std::chrono::hours kLongestTtl{24 * 365};

// OK when no session is remembered that still stands; one that has ended is forgotten.
absl::Status MakeRoom(const Client& client, const SessionFile& file) {
  const auto remembered = file.Read();
  if (!remembered.ok()) return remembered.status();
  if (remembered->empty()) return absl::OkStatus();
  const auto stands = Stands(client, *remembered);
  if (!stands.ok()) return stands.status();
  if (*stands) {
    return absl::AlreadyExistsError("you are logged on already, in session " + *remembered +
                                    ": bitsctl logoff ends it");
  }
  file.Forget();
  return absl::OkStatus();
}

std::string LoggedOn(const std::string& id, SystemTime end) {
  return "logged on in session " + id + ", until " +
         HumanTime(ToTimestamp(end), std::chrono::system_clock::now()) + "\n";
}

absl::Status LogOnce(const Context& context, const Client& client, const SessionFile& file,
                     seconds ttl) {
  v1::LogonRequest request;
  request.mutable_ttl()->set_seconds(ttl.count());
  const auto granted = client.Logon(request);
  if (!granted.ok()) return granted.status();
  if (absl::Status status = file.Write(granted->session_id()); !status.ok()) {
    client.Logoff(granted->session_id()).IgnoreError();
    return status;
  }
  const auto end = std::chrono::system_clock::now() + seconds(granted->ttl().seconds());
  context.Show(*granted, LoggedOn(granted->session_id(), end) + "bitsctl logoff ends it sooner\n");
  return absl::OkStatus();
}

// The session lives until Ctrl-C, or until it is lost.
absl::Status KeepUntilInterrupted(const Context& context, LogonSession& session, seconds ttl,
                                  const Interrupt& interrupt) {
  v1::LogonResponse answer;
  answer.set_session_id(session.id());
  answer.mutable_ttl()->set_seconds(ttl.count());
  if (context.json()) context.out << JsonLine(answer) << std::flush;
  context.Say(LoggedOn(session.id(), session.expire_time()) +
              "It is kept alive; Ctrl-C logs off\n");
  while (!interrupt.Requested() && session.status().ok()) std::this_thread::sleep_for(kTick);
  if (absl::Status lost = session.status(); !lost.ok()) return lost;
  absl::Status status = session.Logoff();
  if (status.ok()) context.Say("logged off\n");
  return status;
}

absl::Status Keep(const Context& context, const Client& client, const SessionFile& file,
                  seconds ttl) {
  const Interrupt interrupt;  // From now on: Ctrl-C leaves no session behind.
  LogonOptions options;
  options.ttl = ttl;
  auto session = LogonSession::Logon(client, std::move(options));
  if (!session.ok()) return session.status();
  if (absl::Status status = file.Write(session->id()); !status.ok()) return status;
  absl::Status status = KeepUntilInterrupted(context, *session, ttl, interrupt);
  const auto remembered = file.Read();
  if (remembered.ok() && *remembered == session->id()) file.Forget();
  return status;
}

absl::Status Logon(Context& context, const Client& client, const Arguments& arguments) {
  const std::string text = arguments.Given("--ttl") ? arguments.Text("--ttl") : kDefaultTtl;
  const auto ttl = ParseDuration(text, "--ttl", kLongestTtl);
  if (!ttl.ok()) return ttl.status();
  const SessionFile file = context.SessionFileOf(client.sid());
  if (absl::Status status = MakeRoom(client, file); !status.ok()) return status;
  const auto fresh = context.Connect();  // In no session any more.
  if (!fresh.ok()) return fresh.status();
  return arguments.Flag("--keep") ? Keep(context, *fresh, file, *ttl)
                                  : LogOnce(context, *fresh, file, *ttl);
}

// The session that calls go out in is ended last.
absl::Status EndAll(const Client& client, const std::string& remembered) {
  auto sessions = client.ListAllSessions(/*all_users=*/false);
  if (!sessions.ok()) return sessions.status();
  std::stable_partition(sessions->begin(), sessions->end(), [&](const v1::Session& session) {
    return session.session_id() != remembered;
  });
  for (const v1::Session& session : *sessions) {
    absl::Status status = client.Logoff(session.session_id());
    // What has ended meanwhile is ended.
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> WhichSession(const Arguments& arguments,
                                         const std::string& remembered) {
  if (!arguments.Given("session")) return remembered;
  if (const auto id = CanonicalUuid(arguments.Text("session"))) return *id;
  return UsageError("a session is named by its whole id: bitsctl sessions shows yours");
}

absl::Status Logoff(Context& context, const Client& client, const Arguments& arguments) {
  const bool all = arguments.Flag("--all");
  if (all && arguments.Given("session")) return UsageError("name a session or say --all, not both");
  const SessionFile file = context.SessionFileOf(client.sid());
  const auto remembered = file.Read();
  if (!remembered.ok()) return remembered.status();
  const auto id = WhichSession(arguments, *remembered);
  if (!id.ok()) return id.status();
  absl::Status status = all ? EndAll(client, *remembered) : client.Logoff(*id);
  const bool gone = absl::IsNotFound(status) && *id == *remembered;
  if (gone) status = WithAdvice(status, "session " + *id + " had ended, and is forgotten");
  if (status.ok() ? all || *id == *remembered : gone) file.Forget();
  if (!status.ok()) return status;
  const std::string what = id->empty() ? "your default session" : "session " + *id;
  context.Show(v1::LogoffResponse(), all ? "ended all of your sessions\n" : "ended " + what + "\n");
  return absl::OkStatus();
}

absl::Status Sessions(Context& context, const Client& client, const Arguments& arguments) {
  const bool all_users = arguments.Flag("--all-users");
  const auto sessions = client.ListAllSessions(all_users);
  if (!sessions.ok()) return sessions.status();
  const auto remembered = context.SessionFileOf(client.sid()).Read();
  if (!remembered.ok()) return remembered.status();
  v1::ListSessionsResponse response;
  response.mutable_sessions()->Add(sessions->begin(), sessions->end());
  context.Show(response, SessionList(*sessions, {.owners = all_users, .used = *remembered},
                                     std::chrono::system_clock::now(), context.style));
  return absl::OkStatus();
}

constexpr Parameter kLogon[] = {
    {.name = "--ttl",
     .value = "DURATION",
     .help = "How long it lasts, 30s to 24h, or with --keep how long it outlives bitsctl; without "
             "it 1h"},
    {.name = "--keep", .value = "", .help = "Stay and keep it alive; Ctrl-C logs off"},
};
constexpr Parameter kLogoff[] = {
    {.name = "session",
     .value = "SESSION",
     .help = "Its id; without one the session of logon, else your default session"},
    {.name = "--all", .value = "", .help = "All sessions of yours"},
};
constexpr Parameter kSessions[] = {
    {.name = "--all-users", .value = "", .help = "Everybody's; for enabled administrators"}};

constexpr Command kCommands[] = {
    {.name = "logon",
     .summary = "Open a logon session, in which your next calls are made",
     .details =
         "Helper tokens end with the session they were lent in. Without logon, calls are made in\n"
         "your default session, which lasts while it is used. The session is remembered for this\n"
         "service and identity, until logoff. It is not renewed by calls. Once it has ended, one\n"
         "call fails and says so.",
     .example = "bitsctl logon --ttl 8h",
     .parameters = kLogon,
     .methods = "Sessions.Logon Sessions.KeepAlive Sessions.Logoff Sessions.ListSessions",
     .remote = Logon},
    {.name = "logoff",
     .summary = "End a logon session, and what was lent in it",
     .details =
         "Nothing is opened or sent any more under a token that was lent in it: jobs that need\n"
         "one go to ERROR, BG_E_TOKEN_REQUIRED. An administrator may end anybody's.",
     .example = "bitsctl logoff",
     .parameters = kLogoff,
     .methods = "Sessions.Logoff Sessions.ListSessions",
     .remote = Logoff},
    {.name = "sessions",
     .summary = "List open logon sessions",
     .details = "The one that your calls are made in has a star.",
     .example = "bitsctl sessions",
     .parameters = kSessions,
     .methods = "Sessions.ListSessions",
     .remote = Sessions},
};

}  // namespace

std::span<const Command> SessionCommands() { return kCommands; }

}  // namespace bits::cli
