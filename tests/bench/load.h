// A closed loop of unary calls: so many in flight, over so many connections.
//
// Requests are sent as bytes that were made before, so that the generator costs less than what it
// measures. Thread safety: one thread. Ownership: the load owns its connections.

#ifndef BITSD_TESTS_BENCH_LOAD_H_
#define BITSD_TESTS_BENCH_LOAD_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/testing/bitsd/demo_pki.h"

namespace bitsd::bench {

/// One prepared call.
struct PreparedCall {
  PreparedCall(std::string path, const google::protobuf::MessageLite& request);

  std::string method;  ///< "/package.Service/Method".
  grpc::ByteBuffer request;
};

class Load {
 public:
  /// Connects to "127.0.0.1:PORT" with `files` as the client's certificate.
  Load(const std::string& endpoint, const tests::CertificateFiles& files, const std::string& roots,
       size_t connections);
  ~Load();

  /// Makes `count` calls, taking `calls` in turn, `in_flight` at a time. Returns how many seconds
  /// each took, in the order in which they ended. Aborts when one fails: a wrong answer measures
  /// nothing.
  std::vector<double> Run(const std::vector<PreparedCall>& calls, size_t count, size_t in_flight);

 private:
  struct Flight;
  void Start(Flight* flight);

  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue queue_;
};

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_LOAD_H_
