// The client against a small service in this process, over real mutual TLS.
//
// Thread safety: as gtest. Ownership: everything ends with the test.

#ifndef BITSD_TESTS_INTEGRATION_CLIENT_CALL_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_CLIENT_CALL_FIXTURE_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bitsd/client/client.h"
#include "client/base/private_file.h"
#include "client/cli/pki.h"
#include "gtest/gtest.h"
#include "tests/integration/client/fake_service.h"
#include "tests/testing/cli_run.h"
#include "tests/testing/temp_folder.h"

namespace bits {

inline constexpr char kAlice[] = "S-1-5-21-1-2-3-1002";

class ClientCallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cli::InitPki(folder_.path()).ok());
    ASSERT_TRUE(cli::IssueClient(folder_.path(), "alice", kAlice, 1).ok());
    StartServer();
  }

  void TearDown() override {
    manager_.Stop();
    sessions_.Stop();
    server_->Shutdown();
  }

  void StartServer() {
    grpc::SslServerCredentialsOptions tls(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = *ReadFile(Path("ca.crt"));
    tls.pem_key_cert_pairs.push_back(
        {*ReadFile(Path("server.key")), *ReadFile(Path("server.crt"))});
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
    builder.RegisterService(&manager_).RegisterService(&job_).RegisterService(&token_);
    builder.RegisterService(&sessions_);
    server_ = builder.BuildAndStart();
    endpoint_ = "127.0.0.1:" + std::to_string(port);
  }

  std::string Path(const std::string& name) const { return folder_.File(name); }

  ClientOptions Options() const {
    ClientOptions options;
    options.endpoint = endpoint_;
    options.identity = *LoadIdentity(Path("alice.crt"), Path("alice.key"), Path("ca.crt"));
    return options;
  }

  Client Connected() const { return *Client::Connect(Options()); }

  // Exit status of a command line as alice; its output is in `out_`.
  int Bitsctl(std::vector<std::string> words, const std::string& input = "",
              bool terminal = false) {
    words.insert(words.begin(), {"--endpoint", endpoint_, "--cert", Path("alice.crt"), "--key",
                                 Path("alice.key"), "--ca", Path("ca.crt")});
    const Outcome outcome = RunCli(words, input, terminal);
    out_ = outcome.out;
    err_ = outcome.err;
    return outcome.status;
  }

  const bitsd::tests::TempFolder folder_;
  std::string endpoint_;
  Flaky flaky_;
  FakeManager manager_{flaky_};
  FakeJob job_{flaky_};
  FakeToken token_;
  FakeSessions sessions_;
  std::unique_ptr<grpc::Server> server_;
  std::string out_;
  std::string err_;
};

}  // namespace bits

#endif  // BITSD_TESTS_INTEGRATION_CLIENT_CALL_FIXTURE_H_
