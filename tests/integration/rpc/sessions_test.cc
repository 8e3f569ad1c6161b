// The Sessions service over real TLS and real identities, in this process.

#include <gmock/gmock.h>

#include "bits/v1/session.grpc.pb.h"
#include "server/identity/file_account_directory.h"
#include "server/rpc/watch_limiter.h"
#include "tests/integration/rpc/rpc_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {

namespace v1 = ::bits::v1;

namespace {

using grpc::StatusCode;
using tests::WaitFor;

constexpr char kGetJob[] = "/bits.v1.BackgroundCopyManager/GetJob";

class RpcSessions : public RpcTest {
 protected:
  struct Person {
    explicit Person(RpcClient connection)
        : client(std::move(connection)), stub(v1::Sessions::NewStub(client.channel())) {}
    RpcClient client;
    std::unique_ptr<v1::Sessions::Stub> stub;
  };

  grpc::Status Logon(const Person& who, v1::LogonResponse* response, int64_t ttl = 60,
                     const std::string& named = "") {
    grpc::ClientContext context;
    SetDeadline(context);
    if (!named.empty()) context.AddMetadata("bits-session-id", named);
    v1::LogonRequest request;
    request.mutable_ttl()->set_seconds(ttl);
    return who.stub->Logon(&context, request, response);
  }
  std::string Logon(const Person& who, int64_t ttl = 60) {
    v1::LogonResponse response;
    const grpc::Status status = Logon(who, &response, ttl);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.ttl().seconds(), ttl);
    return response.session_id();
  }
  grpc::Status Logoff(const Person& who, const std::string& id) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::LogoffRequest request;
    request.set_session_id(id);
    v1::LogoffResponse response;
    return who.stub->Logoff(&context, request, &response);
  }
  v1::ListSessionsResponse List(const Person& who, bool all = false, uint32_t size = 0,
                                const std::string& page = "", grpc::Status* status = nullptr) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::ListSessionsRequest request;
    request.set_all_users(all);
    request.set_page_size(size);
    request.set_page_token(page);
    v1::ListSessionsResponse response;
    const grpc::Status answer = who.stub->ListSessions(&context, request, &response);
    if (status != nullptr) *status = answer;
    return response;
  }
  /// A call of another service in the session.
  std::string Use(const Person& who, const std::string& id) {
    return InfoOf(who.client.Call(kGetJob, {{"bits-session-id", id}})).reason();
  }

  /// An open KeepAlive stream.
  struct Keeping {
    Keeping(const Person& who, const std::string& id) {
      SetDeadline(context);
      v1::KeepAliveRequest request;
      request.set_session_id(id);
      reader = who.stub->KeepAlive(&context, request);
    }
    ~Keeping() { context.TryCancel(); }
    bool Next() { return reader->Read(&response); }
    grpc::ClientContext context;
    v1::KeepAliveResponse response;
    std::unique_ptr<grpc::ClientReader<v1::KeepAliveResponse>> reader;
  };

  Person user_{ClientWithSid(kUser)};
  Person administrator_{ClientWithSid(kAdministrator)};
};

TEST_F(RpcSessions, ASessionIsOpenedNamedAndEnded) {
  const std::string id = Logon(user_);
  EXPECT_NE(Use(user_, id), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(
      InfoOf(administrator_.client.Call(kGetJob, {{"bits-session-id", id}})).metadata().at("rule"),
      "session_of_another");
  EXPECT_TRUE(Logoff(user_, id).ok());
  EXPECT_EQ(Use(user_, id), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(Logoff(user_, id).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(RpcSessions, CallsAboutSessionsAreMadeInNone) {
  const std::string id = Logon(user_);
  ASSERT_EQ(List(user_).sessions_size(), 1) << "no default session came with it";
  EXPECT_FALSE(List(user_).sessions(0).is_default());
  ASSERT_TRUE(Logoff(user_, id).ok());
  v1::LogonResponse response;
  EXPECT_TRUE(Logon(user_, &response, 60, id).ok()) << "one that ended is no obstacle";
  EXPECT_EQ(
      InfoOf(Logon(administrator_, &response, 60, response.session_id())).metadata().at("rule"),
      "session_of_another");
}

TEST_F(RpcSessions, ATtlThatIsNoneIsRefused) {
  for (const int64_t seconds : {0L, 29L, 86'401L, -1L, 315'576'000'001L}) {
    v1::LogonResponse response;
    EXPECT_EQ(InfoOf(Logon(user_, &response, seconds)).reason(), "E_INVALIDARG") << seconds;
  }
  EXPECT_TRUE(List(user_).sessions().empty());
}

TEST_F(RpcSessions, OnesOwnAreListedAndEverybodysForAdministrators) {
  const std::string first = Logon(user_);
  const std::string second = Logon(user_);
  const std::string other = Logon(administrator_);
  const v1::ListSessionsResponse own = List(user_);
  ASSERT_EQ(own.sessions_size(), 2);
  EXPECT_EQ(own.sessions(0).session_id(), first);
  EXPECT_EQ(own.sessions(1).session_id(), second);
  EXPECT_EQ(own.sessions(0).user_sid(), kUser);
  EXPECT_EQ(own.sessions(0).expire_time().seconds() - own.sessions(0).begin_time().seconds(), 60);
  grpc::Status refused;
  List(user_, true, 0, "", &refused);
  EXPECT_EQ(InfoOf(refused).metadata().at("rule"), "all_users");

  const v1::ListSessionsResponse page = List(administrator_, true, 2);
  ASSERT_EQ(page.sessions_size(), 2);
  const v1::ListSessionsResponse rest = List(administrator_, true, 2, page.next_page_token());
  ASSERT_EQ(rest.sessions_size(), 1);
  EXPECT_EQ(rest.sessions(0).session_id(), other);
  EXPECT_EQ(rest.next_page_token(), "");
  List(user_, false, 2, page.next_page_token(), &refused);
  EXPECT_EQ(InfoOf(refused).reason(), "E_INVALIDARG") << "the token is of another's question";
}

TEST_F(RpcSessions, AnAdministratorEndsAnySession) {
  const std::string id = Logon(user_);
  EXPECT_EQ(InfoOf(Logoff(user_, Logon(administrator_))).metadata().at("rule"),
            "session_of_another");
  EXPECT_TRUE(Logoff(administrator_, id).ok());
  EXPECT_EQ(Use(user_, id), "ERROR_NOT_LOGGED_ON");
}

TEST_F(RpcSessions, LogoffWithoutAnIdEndsTheDefaultSession) {
  EXPECT_TRUE(Logoff(user_, "").ok());
  Use(user_, Logon(user_));
  user_.client.Call(kGetJob);
  ASSERT_EQ(List(user_).sessions_size(), 2);
  EXPECT_TRUE(Logoff(user_, "").ok());
  ASSERT_EQ(List(user_).sessions_size(), 1);
  EXPECT_FALSE(List(user_).sessions(0).is_default());
}

TEST_F(RpcSessions, KeepAliveRenewsAndEndsWithTheSession) {
  const std::string id = Logon(user_, 30);
  clock_.Advance(absl::Seconds(20));
  Keeping keeping(user_, id);
  ASSERT_TRUE(keeping.Next());
  EXPECT_GE(keeping.response.expire_time().seconds(), absl::ToUnixSeconds(clock_.Now()) + 28);
  clock_.Advance(absl::Seconds(20));
  EXPECT_NE(Use(user_, id), "ERROR_NOT_LOGGED_ON") << "it would have run out";
  ASSERT_TRUE(Logoff(administrator_, id).ok());
  EXPECT_FALSE(keeping.Next());
  EXPECT_EQ(InfoOf(keeping.reader->Finish()).reason(), "ERROR_NOT_LOGGED_ON");
}

TEST_F(RpcSessions, KeepAliveIsForOnesOwnOpenSessions) {
  const auto refusal = [](const Person& who, const std::string& id) {
    Keeping keeping(who, id);
    EXPECT_FALSE(keeping.Next());
    const auto info = InfoOf(keeping.reader->Finish());
    const auto rule = info.metadata().find("rule");
    return rule == info.metadata().end() ? info.reason() : rule->second;
  };
  const std::string id = Logon(user_);
  EXPECT_EQ(refusal(administrator_, id), "session_of_another");
  EXPECT_EQ(refusal(user_, SessionId::Random().ToString()), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(refusal(user_, ""), "E_INVALIDARG");
  EXPECT_EQ(refusal(user_, "x"), "E_INVALIDARG");
}

TEST_F(RpcSessions, KeepAliveOutlivesAChangeOfTheAccountThatLeavesItAnIdentity) {
  const std::string id = Logon(user_);
  Keeping keeping(user_, id);
  ASSERT_TRUE(keeping.Next());
  sessions_.RefreshOf(*Sid::Parse(kUser), "groups_changed");
  EXPECT_TRUE(keeping.Next()) << "it goes on in what took the session's place";
  sessions_.CloseOf(*Sid::Parse(kUser), "account_removed");
  EXPECT_FALSE(keeping.Next());
  EXPECT_EQ(InfoOf(keeping.reader->Finish()).reason(), "ERROR_NOT_LOGGED_ON");
}

TEST_F(RpcSessions, KeepAliveEndsWhenTheIdentityDoesNotStandAnyMore) {
  const std::string id = Logon(user_);
  Keeping keeping(user_, id);
  ASSERT_TRUE(keeping.Next());
  identities_->Renew(std::make_shared<FileAccountDirectory>(FileAccountDirectory::Accounts{}));
  server_->OnNewGeneration();
  EXPECT_FALSE(keeping.Next());
  EXPECT_EQ(keeping.reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(RpcSessions, KeepAliveEndsWithTheCertificate) {
  tests::CertificateSpec spec = ValidNow(tests::SpecWithSid(kUser));
  spec.not_after = absl::Now() + absl::Seconds(3);
  const Person brief(ClientWith(spec, root_));
  Keeping keeping(brief, Logon(brief, 3600));
  ASSERT_TRUE(keeping.Next());
  EXPECT_FALSE(keeping.Next()) << "the next beat would come after a minute";
  EXPECT_EQ(keeping.reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_LT(absl::Now(), spec.not_after + absl::Seconds(40));
}

TEST_F(RpcSessions, KeepAliveOfAnAccountThatIsGoneEndsForItsIdentity) {
  Keeping keeping(user_, Logon(user_));
  ASSERT_TRUE(keeping.Next());
  // As a reload does it: the identities first, then the sessions, then the streams.
  identities_->Renew(std::make_shared<FileAccountDirectory>(FileAccountDirectory::Accounts{}));
  sessions_.CloseOf(*Sid::Parse(kUser), "account_disabled");
  EXPECT_FALSE(keeping.Next());
  EXPECT_EQ(keeping.reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(RpcSessions, KeepAliveEndsWithTheService) {
  Keeping keeping(user_, Logon(user_));
  ASSERT_TRUE(keeping.Next());
  server_->Shutdown(absl::Seconds(5));
  EXPECT_FALSE(keeping.Next());
  EXPECT_EQ(keeping.reader->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(RpcSessions, TooManyKeepAlivesOfAnIdentityAreRefused) {
  const std::string id = Logon(user_);
  std::vector<std::unique_ptr<Keeping>> open;
  for (size_t i = 0; i < WatchLimiter::kMaxPerCaller; ++i) {
    open.push_back(std::make_unique<Keeping>(user_, id));
    ASSERT_TRUE(open.back()->Next());
  }
  Keeping one_more(user_, id);
  EXPECT_FALSE(one_more.Next());
  EXPECT_EQ(one_more.reader->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(RpcSessions, WhereALogonIsRequiredACallWithoutASessionSaysWhatToDo) {
  policy::SessionLimits limits;
  limits.require_logon = true;
  sessions_.Reconfigure(limits);
  const grpc::Status status = user_.client.Call(kGetJob);
  EXPECT_EQ(InfoOf(status).reason(), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(InfoOf(status).metadata().at("hresult"), "0x800704DD");
  EXPECT_THAT(status.error_message(), testing::HasSubstr("bitsctl logon"));
  EXPECT_NE(Use(user_, Logon(user_)), "ERROR_NOT_LOGGED_ON");
}

}  // namespace
}  // namespace bitsd::rpc
