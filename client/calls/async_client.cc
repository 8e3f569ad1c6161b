#include "bitsd/client/async_client.h"

#include <optional>
#include <utility>

#include "client/calls/core.h"
#include "client/calls/requests.h"

namespace bits {

// A call under way; the transport reads and writes it until it is done.
struct BITS_HIDDEN AsyncClient::Pending {
  Pending(CallRoute way, std::unique_ptr<Messages> sent)
      : route(std::move(way)), messages(std::move(sent)), context(route.Context()) {}

  void Finish(const absl::Status& status) {
    WipeSecrets(messages->request());
    std::optional<ScopedImpersonation> scope;
    if (route.impersonated) scope.emplace(TokenAccess::TokenOf(route.caller));
    messages->Finish(status);
  }

  static void Start(CallRoute route, std::unique_ptr<Messages> messages) {
    auto call = std::make_shared<Pending>(std::move(route), std::move(messages));
    Pending& now = *call;
    now.route.transport->Start(
        now.context, now.messages->request(), now.messages->answer(),
        [call = std::move(call)](const absl::Status& status) { call->Finish(status); });
  }

  const CallRoute route;
  const std::unique_ptr<Messages> messages;
  CallContext context;
};

AsyncClient::AsyncClient(const Client& client) : core_(client.core_) {}

void AsyncClient::StartCall(std::unique_ptr<Messages> messages) const {
  const absl::Status status = EnsureRequestId(messages->request());
  if (!status.ok()) return messages->Finish(status);
  Pending::Start(core_->Capture(), std::move(messages));
}

void AsyncClient::SetHelperToken(v1::SetHelperTokenRequest request, const std::string& expected_sid,
                                 Done<v1::SetHelperTokenResponse> done) const {
  const bool delegates = request.has_delegated_credentials();
  CallRoute route = delegates ? core_->CaptureAlone() : core_->Capture();
  absl::Status status = CheckLender(route.caller->sid, expected_sid);
  if (status.ok() && delegates) {
    status = CheckDelegation(route.caller->options.impersonation_level);
  }
  if (!status.ok()) return done(status);
  using Call = MessagesOf<v1::SetHelperTokenRequest, v1::SetHelperTokenResponse>;
  Pending::Start(std::move(route), std::make_unique<Call>(std::move(request), std::move(done)));
}

}  // namespace bits
