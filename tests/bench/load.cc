#include "tests/bench/load.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "tests/testing/temp_folder.h"

namespace bitsd::bench {
namespace {

using Clock = std::chrono::steady_clock;

grpc::ByteBuffer BytesOf(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

}  // namespace

PreparedCall::PreparedCall(std::string path, const google::protobuf::MessageLite& message)
    : method(std::move(path)), request(BytesOf(message)) {}

/// One of the calls in flight; it is made again and again.
struct Load::Flight {
  const PreparedCall* call = nullptr;
  grpc::GenericStub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  Clock::time_point started;
};

Load::Load(const std::string& endpoint, const tests::CertificateFiles& files,
           const std::string& roots, size_t connections) {
  grpc::SslCredentialsOptions options;
  options.pem_cert_chain = tests::ReadFile(files.certificate);
  options.pem_private_key = tests::ReadFile(files.key);
  options.pem_root_certs = tests::ReadFile(roots);
  grpc::ChannelArguments arguments;
  // Else all channels would share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  for (size_t i = 0; i < connections; ++i) {
    stubs_.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(endpoint, grpc::SslCredentials(options), arguments)));
  }
}

Load::~Load() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

void Load::Start(Flight* flight) {
  flight->context = std::make_unique<grpc::ClientContext>();
  flight->started = Clock::now();
  flight->reader = flight->stub->PrepareUnaryCall(flight->context.get(), flight->call->method,
                                                  flight->call->request, &queue_);
  flight->reader->StartCall();
  flight->reader->Finish(&flight->response, &flight->status, flight);
}

std::vector<double> Load::Run(const std::vector<PreparedCall>& calls, size_t count,
                              size_t in_flight) {
  std::vector<Flight> flights(in_flight);
  std::vector<double> seconds;
  seconds.reserve(count);
  size_t started = 0;
  for (Flight& flight : flights) {
    flight.stub = stubs_[started % stubs_.size()].get();
    flight.call = &calls[started % calls.size()];
    ++started;
    Start(&flight);
  }
  void* tag = nullptr;
  bool ok = false;
  while (seconds.size() < count && queue_.Next(&tag, &ok)) {
    auto* flight = static_cast<Flight*>(tag);
    if (!flight->status.ok()) {
      std::cerr << flight->call->method << ": " << flight->status.error_message() << "\n";
      std::abort();
    }
    seconds.push_back(std::chrono::duration<double>(Clock::now() - flight->started).count());
    if (started == count) continue;
    flight->call = &calls[started++ % calls.size()];
    Start(flight);
  }
  return seconds;
}

}  // namespace bitsd::bench
