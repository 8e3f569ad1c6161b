// The peer of the RPC measurements: a gRPC server with one no-op method, the callback API, and the
// same credentials as bitsd, but no identity check, no interceptor and no plugin.
//
// usage: echo_server CERTIFICATE KEY ROOTS        prints its port, serves until SIGTERM

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "server/rpc/tls/server_credentials.h"
#include "tests/bench/echo.grpc.pb.h"

namespace {

class EchoService : public bitsd::bench::Echo::CallbackService {
  grpc::ServerUnaryReactor* Call(grpc::CallbackServerContext* context,
                                 const bitsd::bench::EchoRequest*,
                                 bitsd::bench::EchoResponse* response) override {
    response->set_value(1);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

std::string ReadWhole(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return EXIT_FAILURE;
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  const auto tls =
      bitsd::rpc::TlsHandover::Create({ReadWhole(argv[1]), ReadWhole(argv[2]), ReadWhole(argv[3])});
  if (!tls.ok()) {
    std::cerr << tls.status() << "\n";
    return EXIT_FAILURE;
  }
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", bitsd::rpc::MakeServerCredentials(**tls, nullptr), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return EXIT_FAILURE;
  std::cout << port << std::endl;
  int number = 0;
  sigwait(&end, &number);
  server->Shutdown();
  return EXIT_SUCCESS;
}
