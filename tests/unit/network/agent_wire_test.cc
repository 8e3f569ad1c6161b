#include "server/network/agent_wire.h"

#include <string>

#include "gtest/gtest.h"
#include "server/broker/wire/wire.h"
#include "server/error/errors.h"

namespace bitsd::network {
namespace {

AgentRequest SomeRequest() {
  AgentRequest request;
  request.number = 7;
  request.host = "www.example.com";
  request.count = 3;
  return request;
}

AgentReply SomeReply() {
  AgentReply reply;
  reply.number = 8;
  reply.answers.emplace_back("one");
  reply.answers.emplace_back(std::string(kMaxToken, 't'));
  return reply;
}

TEST(AgentWireTest, RequestsArriveAsTheyWereSent) {
  const auto negotiate = DecodeAgentRequest(Encode(SomeRequest()));
  ASSERT_TRUE(negotiate.ok()) << negotiate.status();
  EXPECT_EQ(negotiate->number, 7u);
  EXPECT_EQ(negotiate->question, Question::kNegotiate);
  EXPECT_EQ(negotiate->host, "www.example.com");
  EXPECT_EQ(negotiate->count, 3);
  AgentRequest take;
  take.question = Question::kTake;
  take.cache = Secret(std::string(kMaxCacheBytes, '\x05'));
  const auto taken = DecodeAgentRequest(Encode(take));
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->question, Question::kTake);
  EXPECT_EQ(taken->cache, take.cache);
}

TEST(AgentWireTest, RepliesArriveAsTheyWereSent) {
  const auto reply = DecodeAgentReply(Encode(SomeReply()));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->number, 8u);
  EXPECT_EQ(reply->answers, SomeReply().answers);
  for (const absl::Status& status :
       {error::Unavailable("later"), error::TokenRequired("ended"), error::InvalidArgument("bad"),
        error::AccessDenied(Rule::kNetworkCredentialsUnusable, "unusable")}) {
    AgentReply failed;
    failed.status = status;
    const auto decoded = DecodeAgentReply(Encode(failed));
    ASSERT_TRUE(decoded.ok()) << status;
    EXPECT_EQ(decoded->status, status);
  }
}

TEST(AgentWireTest, NoPrefixAndNoExtensionOfAMessageDecodes) {
  const std::string request = Encode(SomeRequest());
  AgentReply two = SomeReply();
  two.answers.back() = Secret("two");
  const std::string reply = Encode(two);
  for (size_t size = 0; size < request.size(); ++size) {
    EXPECT_FALSE(DecodeAgentRequest(request.substr(0, size)).ok()) << size;
  }
  for (size_t size = 0; size < reply.size(); ++size) {
    EXPECT_FALSE(DecodeAgentReply(reply.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeAgentRequest(request + "x").ok());
  EXPECT_FALSE(DecodeAgentReply(reply + "x").ok());
}

TEST(AgentWireTest, ValuesOutOfBoundsDoNotDecode) {
  for (const uint8_t count : {0, kMaxTokens + 1, 255}) {
    AgentRequest request = SomeRequest();
    request.count = count;
    EXPECT_FALSE(DecodeAgentRequest(Encode(request)).ok()) << int{count};
  }
  for (const int question : {0, 4, 255}) {
    AgentRequest request = SomeRequest();
    request.question = static_cast<Question>(question);
    EXPECT_FALSE(DecodeAgentRequest(Encode(request)).ok()) << question;
  }
  AgentRequest take;
  take.question = Question::kTake;
  EXPECT_FALSE(DecodeAgentRequest(Encode(take)).ok());
  take.cache = Secret(std::string(kMaxCacheBytes + 1, 'c'));
  EXPECT_FALSE(DecodeAgentRequest(Encode(take)).ok());
  AgentReply reply = SomeReply();
  reply.answers.assign(kMaxTokens + 1, Secret("t"));
  EXPECT_FALSE(DecodeAgentReply(Encode(reply)).ok());
  reply.answers.assign(1, Secret(std::string(kMaxToken + 1, 't')));
  EXPECT_FALSE(DecodeAgentReply(Encode(reply)).ok());
}

TEST(AgentWireTest, AReplyHasAnswersOrAnError) {
  AgentReply neither;
  EXPECT_FALSE(DecodeAgentReply(Encode(neither)).ok());
  AgentReply both = SomeReply();
  both.status = error::Unavailable("later");
  EXPECT_FALSE(DecodeAgentReply(Encode(both)).ok());
}

TEST(AgentWireTest, TheLargestMessageHasItsRoom) {
  AgentReply reply;
  reply.answers.assign(2, Secret(std::string(kMaxToken, 't')));
  EXPECT_LE(Encode(reply).size(), kMaxMessage);
}

TEST(AgentWireTest, AHostIsAName) {
  for (const char* host : {"a", "localhost", "www.example.com", "a-b_c.d", "10.0.0.1", "A.B"}) {
    EXPECT_TRUE(IsServiceHost(host)) << host;
  }
  const std::string longest(255, 'a');
  EXPECT_TRUE(IsServiceHost(longest));
  for (const std::string& host :
       {std::string(), longest + "a", std::string(".a"), std::string("-a"), std::string("a/b"),
        std::string("a@REALM"), std::string("a b"), std::string("a:80"), std::string("[::1]"),
        std::string("a\0b", 3), std::string("\xC3\xA4")}) {
    EXPECT_FALSE(IsServiceHost(host)) << host;
  }
}

wire::OpenAgentRequest SomeAgent() {
  wire::OpenAgentRequest request;
  request.sid = Sid(5, {21, 1, 2, 3, 1001});
  request.kerberos = {"alice@TEST.LOCAL", "/etc/alice.keytab", ""};
  request.ntlm = {"TEST", "alice", "/etc/alice.password"};
  return request;
}

TEST(OpenAgentTest, ARequestForAnAgentArrivesAsItWasSent) {
  wire::OpenAgentRequest kerberos = SomeAgent();
  kerberos.ntlm.reset();
  wire::OpenAgentRequest ntlm = SomeAgent();
  ntlm.kerberos.reset();
  wire::OpenAgentRequest delegated = ntlm;
  delegated.ntlm.reset();
  EXPECT_TRUE(delegated.delegated());
  for (const auto& request : {SomeAgent(), kerberos, ntlm, delegated}) {
    const std::string bytes = wire::Encode(request);
    EXPECT_TRUE(wire::IsOpenAgent(bytes));
    const auto decoded = wire::DecodeOpenAgent(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, request);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(wire::DecodeOpenAgent(bytes.substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(wire::DecodeOpenAgent(bytes + "x").ok());
  }
}

TEST(OpenAgentTest, NoMessageIsTakenForAnother) {
  const std::string worker = wire::Encode(wire::OpenWorkerRequest{SomeAgent().sid, {1, 2, {}}});
  EXPECT_FALSE(wire::IsOpenAgent(worker));
  EXPECT_FALSE(wire::IsOpenAgent(""));
  EXPECT_FALSE(wire::DecodeOpenAgent(worker).ok());
  EXPECT_FALSE(wire::DecodeOpenWorker(wire::Encode(SomeAgent())).ok());
  EXPECT_FALSE(wire::DecodeFileRequest(wire::Encode(SomeAgent())).ok());
  wire::OpenAgentRequest far = SomeAgent();
  far.kerberos->keytab = "/" + std::string(4095, 'a');
  EXPECT_FALSE(wire::DecodeOpenAgent(wire::Encode(far)).ok());
}

}  // namespace
}  // namespace bitsd::network
