#include "bitsd/client/transport.h"

#include <cstdlib>
#include <utility>

namespace bits {

using google::protobuf::MethodDescriptor;

CallContext::CallContext(std::string sid, ImpersonationOptions options,
                         std::optional<Time> deadline)
    : sid_(std::move(sid)), options_(std::move(options)), deadline_(deadline) {}

void CallContext::Cancel() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(cancelled_, true)) return;
  if (on_cancel_) on_cancel_();
}

bool CallContext::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

void CallContext::OnCancel(std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  on_cancel_ = std::move(cancel);
  if (cancelled_ && on_cancel_) on_cancel_();
}

Transport::~Transport() = default;
Transport::Stream::~Stream() = default;

void Transport::Start(CallContext& context, const Message& request, Message& answer, Done done) {
  done(Call(context, request, answer));
}

const MethodDescriptor& MethodOf(const google::protobuf::Message& request) {
  const auto* type = request.GetDescriptor();
  for (int s = 0; s < type->file()->service_count(); ++s) {
    const auto* service = type->file()->service(s);
    for (int m = 0; m < service->method_count(); ++m) {
      if (service->method(m)->input_type() == type) return *service->method(m);
    }
  }
  std::abort();  // A message that no method takes is no request.
}

}  // namespace bits
