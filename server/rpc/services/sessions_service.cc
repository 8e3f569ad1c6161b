#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bits/v1/session.grpc.pb.h"
#include "server/base/page_token.h"
#include "server/policy/job_access.h"
#include "server/rpc/caller/watch_limiter.h"
#include "server/rpc/convert/convert.h"
#include "server/rpc/services/handlers.h"
#include "server/rpc/services/keep_alive_reactor.h"
#include "server/rpc/services/unary.h"

namespace bitsd::rpc {
namespace {

using Contract = v1::Sessions;

constexpr AuthenticateFn kWithoutSession = &Authenticator::AuthenticateWithoutSession;

v1::Session ToProto(const Session& session) {
  const SessionFacts& facts = session.facts();
  v1::Session out;
  out.set_session_id(facts.id.ToString());
  out.set_user_sid(facts.user.ToString());
  out.set_is_default(facts.is_default);
  *out.mutable_begin_time() = rpc::ToProto(facts.begin);
  *out.mutable_expire_time() = rpc::ToProto(session.deadline().wall);
  out.set_helper_tokens(session.tokens());
  return out;
}

/// Where a session stands in the order of a list; as text it compares as that order.
std::string Position(const Session& session) {
  const int64_t nanos = absl::ToUnixNanos(session.facts().begin);
  return absl::StrCat(absl::Dec(nanos, absl::kZeroPad20), "/", session.id().ToString());
}

absl::StatusOr<std::optional<absl::Duration>> ParseTtl(const v1::LogonRequest& request) {
  if (!request.has_ttl()) return std::optional<absl::Duration>();
  const absl::StatusOr<absl::Duration> ttl = ParseDuration(request.ttl());
  if (!ttl.ok()) return ttl.status();
  return std::optional(*ttl);
}

class SessionHandlers final : public v1::Sessions::CallbackService {
 public:
  SessionHandlers(const Authenticator& authenticator, SessionTable& sessions,
                  StreamRegistry& registry)
      : authenticator_(authenticator), sessions_(sessions), registry_(registry) {}

  grpc::ServerUnaryReactor* Logon(grpc::CallbackServerContext* context,
                                  const v1::LogonRequest* request,
                                  v1::LogonResponse* response) override {
    const std::string& path = MethodPath<Contract, v1::LogonRequest>();
    auto* const reactor = new Undoable;
    const Finish finish(authenticator_, context, path, reactor);
    const auto ttl = ParseTtl(*request);
    TokenPtr user;
    const auto done = [this, finish, response, reactor, &user] {
      return Answer<SessionPtr>(finish, response,
                                [this, response, reactor, user](const SessionPtr& session) {
                                  response->set_session_id(session->id().ToString());
                                  *response->mutable_ttl() = rpc::ToProto(session->facts().ttl);
                                  // Nobody could end a session whose id nobody has read.
                                  reactor->SetUndo([this, user, id = session->id()] {
                                    sessions_.Logoff(*user, id, [](const absl::Status&) {});
                                  });
                                });
    };
    while (true) {
      const uint64_t generation = authenticator_.generation();
      const auto caller = authenticator_.AuthenticateWithoutSession(*context, path);
      const absl::Status taken = TakeRequest(authenticator_, *context, caller, *request);
      reactor->SetCaller(authenticator_.KeyOf(*context, caller));
      if (!taken.ok() || !ttl.ok()) {
        finish(taken.ok() ? ttl.status() : taken);
        break;
      }
      user = caller->token;
      const auto stands = [&] { return authenticator_.generation() == generation; };
      if (sessions_.Logon(*caller->token, *ttl, stands, done())) break;
    }
    return finish.reactor();
  }

  grpc::ServerWriteReactor<v1::KeepAliveResponse>* KeepAlive(
      grpc::CallbackServerContext* context, const v1::KeepAliveRequest* request) override {
    const std::string& path = MethodPath<Contract, v1::KeepAliveRequest>();
    const auto refuse = [&](const absl::Status& status) {
      authenticator_.NoteRefusal(*context, path, status);
      return KeepAliveReactor::Refuse(status);
    };
    const auto caller = authenticator_.AuthenticateWithoutSession(*context, path);
    const absl::Status taken = TakeRequest(authenticator_, *context, caller, *request);
    if (!taken.ok()) return refuse(taken);
    const absl::StatusOr<SessionId> id = SessionId::Parse(request->session_id());
    if (!id.ok()) return refuse(id.status());
    const auto session = sessions_.Own(*caller->token, *id);
    if (!session.ok()) return refuse(session.status());
    auto ticket = keep_alives_.Acquire({caller->token->user, ""});
    if (!ticket.ok()) return refuse(ticket.status());
    return KeepAliveReactor::Start({caller->token, *id, authenticator_.IdentityStandingOf(*context),
                                    *std::move(ticket), sessions_, authenticator_.clock()},
                                   registry_);
  }

  grpc::ServerUnaryReactor* Logoff(grpc::CallbackServerContext* context,
                                   const v1::LogoffRequest* request, v1::LogoffResponse*) override {
    return Unary<Contract>(
        authenticator_, context, request,
        [this, request](const Caller& caller, Finish finish) {
          std::optional<SessionId> id;
          if (!request->session_id().empty()) {
            const absl::StatusOr<SessionId> parsed = SessionId::Parse(request->session_id());
            if (!parsed.ok()) return finish(parsed.status());
            id = *parsed;
          }
          sessions_.Logoff(*caller.token, id, finish);
        },
        kWithoutSession);
  }

  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* context,
                                         const v1::ListSessionsRequest* request,
                                         v1::ListSessionsResponse* response) override {
    return Unary<Contract>(
        authenticator_, context, request,
        [this, request, response](const Caller& caller, Finish finish) {
          const absl::Status status = List(caller, *request, *response);
          finish(status, response->ByteSizeLong());
        },
        kWithoutSession);
  }

 private:
  absl::Status List(const Caller& caller, const v1::ListSessionsRequest& request,
                    v1::ListSessionsResponse& response) const {
    const bool all = request.all_users();
    if (all) {
      if (absl::Status s = policy::MaySeeAllUsers(*caller.token); !s.ok()) return s;
    }
    const auto size = PageTokens::PageSize(request.page_size());
    if (!size.ok()) return size.status();
    const std::string question =
        absl::StrCat("sessions/", caller.token->user.ToString(), all ? "/all" : "/own");
    const auto after = page_tokens_.Read(question, request.page_token());
    if (!after.ok()) return after.status();
    std::string last;
    for (const SessionPtr& session :
         sessions_.List(all ? std::nullopt : std::optional(caller.token->user))) {
      const std::string position = Position(*session);
      if (position <= *after) continue;
      if (static_cast<uint32_t>(response.sessions_size()) == *size) {
        response.set_next_page_token(page_tokens_.Make(question, last));
        break;
      }
      *response.add_sessions() = ToProto(*session);
      last = position;
    }
    return absl::OkStatus();
  }

  const Authenticator& authenticator_;
  SessionTable& sessions_;
  StreamRegistry& registry_;
  const PageTokens page_tokens_;
  WatchLimiter keep_alives_{"KeepAlive streams"};
};

}  // namespace

std::unique_ptr<grpc::Service> NewSessionHandlers(const Authenticator& authenticator,
                                                  SessionTable& sessions,
                                                  StreamRegistry& registry) {
  return std::make_unique<SessionHandlers>(authenticator, sessions, registry);
}

}  // namespace bitsd::rpc
