// What carries the calls of a client: the way to the service, which a test may replace.
//
//   bits::Client client = bits::Client::Over(std::make_shared<MyTransport>(),
//   "S-1-5-21-1-2-3-1001");
//
// Client::Connect uses one that speaks gRPC over mutual TLS. Client, AsyncClient, JobFeed and
// LogonSession work in the same way over any other. One for tests is there already:
// testing/fake_service.h.
//
// A transport gets messages of bits.v1. The type of the request says which method is called
// (MethodOf). It answers with a status as the service does (error.h: MakeStatus).
//
// Thread safety: all methods of a Transport may be called at once. A Stream is read by one thread.
// Ownership: clients, calls and streams share the transport.

#ifndef BITSD_CLIENT_TRANSPORT_H_
#define BITSD_CLIENT_TRANSPORT_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "bitsd/client/export.h"
#include "bitsd/client/impersonation.h"

namespace bits {

/// One call: who makes it, until when, and whether it was cancelled.
class BITS_EXPORT CallContext {
 public:
  using Time = std::chrono::system_clock::time_point;

  CallContext(std::string sid, ImpersonationOptions options, std::optional<Time> deadline);

  /// The SID of the caller.
  const std::string& sid() const { return sid_; }
  /// The caller's logon session, impersonation level and filter.
  const ImpersonationOptions& options() const { return options_; }
  /// A call without one lasts until it is cancelled.
  const std::optional<Time>& deadline() const { return deadline_; }

  /// Any thread may call it, at any time.
  void Cancel();
  bool cancelled() const;

  /// For transports: `cancel` runs once when the call is cancelled, at once if it has been. It must
  /// not block or use this context. An empty one takes it back; it does not run afterwards.
  void OnCancel(std::function<void()> cancel);

 private:
  const std::string sid_;
  const ImpersonationOptions options_;
  const std::optional<Time> deadline_;
  mutable std::mutex mutex_;
  bool cancelled_ = false;
  std::function<void()> on_cancel_;
};

class BITS_EXPORT Transport {
 public:
  using Message = google::protobuf::Message;
  using Done = std::function<void(const absl::Status&)>;

  /// The answers of a call that has many. The destructor cancels the call.
  class BITS_EXPORT Stream {
   public:
    virtual ~Stream();

    /// Waits for the next answer. False: the stream has ended or its call was cancelled.
    virtual bool Read(Message& answer) = 0;
    /// Why the stream has ended. Called once, after a Read that returned false.
    virtual absl::Status Finish() = 0;
  };

  virtual ~Transport();

  /// A call with one answer. Waits for it.
  virtual absl::Status Call(CallContext& context, const Message& request, Message& answer) = 0;
  /// The same without waiting: `done` runs once, on any thread. The caller keeps context, request
  /// and answer until then. Unless overridden, it calls Call and then `done`.
  virtual void Start(CallContext& context, const Message& request, Message& answer, Done done);
  /// A call with many answers. The caller keeps `context` longer than the stream.
  virtual std::unique_ptr<Stream> Open(CallContext& context, const Message& request) = 0;
};

/// The method whose request `request` is.
BITS_EXPORT const google::protobuf::MethodDescriptor& MethodOf(
    const google::protobuf::Message& request);

}  // namespace bits

#endif  // BITSD_CLIENT_TRANSPORT_H_
