// Where connections are ended: never on a thread of gRPC's that runs callbacks.
//
// The end of the last connection that had a callback joins those threads, and the one it runs on
// cannot join itself (gRPC 1.51 aborts later). A callback may well hold the last share, as when it
// captured the last copy of a Client: such a connection is handed to a thread of our own.
//
// Internal. Thread safety: any thread. Ownership: as said at each function.

#ifndef BITSD_CLIENT_CONNECTION_CALLBACK_THREAD_H_
#define BITSD_CLIENT_CONNECTION_CALLBACK_THREAD_H_

namespace bits {

class Transport;

/// While it lives, the calling thread is one of gRPC's that runs a callback.
class CallbackThread {
 public:
  CallbackThread();
  ~CallbackThread();
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;
};

/// Whether the calling thread runs a callback of gRPC's now: it must not wait for anything.
bool OnCallbackThread();

/// Deletes `connection`, here or, on a callback's thread, soon elsewhere. Takes it over.
void EndConnection(const Transport* connection);

}  // namespace bits

#endif  // BITSD_CLIENT_CONNECTION_CALLBACK_THREAD_H_
