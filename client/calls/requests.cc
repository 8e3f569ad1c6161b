#include "client/calls/requests.h"

#include <google/protobuf/descriptor.pb.h>
#include <string.h>

#include "bits/v1/job.pb.h"
#include "bits/v1/token_options.pb.h"
#include "bitsd/client/transport.h"
#include "client/base/uuid.h"

namespace bits {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodOptions;

void Wipe(std::string& secret) { explicit_bzero(secret.data(), secret.size()); }

}  // namespace

absl::Status EnsureRequestId(Message& request) {
  if (MethodOf(request).options().idempotency_level() != MethodOptions::IDEMPOTENT) {
    return absl::OkStatus();
  }
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  const auto& reflection = *request.GetReflection();
  if (!reflection.GetString(request, field).empty()) return absl::OkStatus();
  auto id = NewUuid();
  if (!id.ok()) return id.status();
  reflection.SetString(&request, field, *std::move(id));
  return absl::OkStatus();
}

void WipeSecrets(Message& request) {
  if (auto* set = dynamic_cast<v1::SetCredentialsRequest*>(&request)) {
    Wipe(*set->mutable_password());
  } else if (auto* lend = dynamic_cast<v1::SetHelperTokenRequest*>(&request)) {
    if (lend->has_delegated_credentials()) {
      Wipe(*lend->mutable_delegated_credentials()->mutable_credential_cache());
    }
  }
}

}  // namespace bits
