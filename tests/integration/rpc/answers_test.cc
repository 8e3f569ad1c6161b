// Callers who do not read what they are answered: the service keeps little of it, and others do not
// notice.

#include <grpcpp/generic/generic_stub.h>

#include <future>
#include <memory>
#include <vector>

#include "bits/v1/manager.pb.h"
#include "server/job/service/view_of.h"
#include "server/rpc/answer_budget.h"
#include "tests/integration/rpc/rpc_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

using grpc::StatusCode;
using tests::WaitFor;

constexpr char kServerInfo[] = "/bits.v1.BackgroundCopyManager/GetServerInfo";
constexpr char kListJobs[] = "/bits.v1.BackgroundCopyManager/ListJobs";
constexpr char kWatchJobs[] = "/bits.v1.BackgroundCopyManager/WatchJobs";
constexpr size_t kPerCaller = size_t{1} << 20;
constexpr size_t kPage = size_t{300} << 10;

/// A call of any method. What it is answered stays unread until Read.
class UnreadCall : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  UnreadCall(const RpcClient& client, const std::string& path) : stub_(client.channel()) {
    SetDeadline(context_);
    stub_.PrepareBidiStreamingCall(&context_, path, {}, this);
    AddHold();
    StartWriteLast(&request_, {});
    StartCall();
  }
  ~UnreadCall() override {
    context_.TryCancel();
    if (!read_) RemoveHold();
    done_.get_future().wait();
  }

  /// Takes every message, and returns how the call ended.
  grpc::Status Read() {
    read_ = true;
    StartRead(&answer_);
    RemoveHold();
    return status_.get_future().get();
  }

  void OnReadDone(bool ok) override {
    if (ok) StartRead(&answer_);
  }
  void OnDone(const grpc::Status& status) override {
    status_.set_value(status);
    done_.set_value();
  }

 private:
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  grpc::Slice nothing_;
  grpc::ByteBuffer request_{&nothing_, 1};
  grpc::ByteBuffer answer_;
  bool read_ = false;
  std::promise<grpc::Status> status_;
  std::promise<void> done_;
};

JobView JobOf(size_t bytes) {
  auto record = std::make_shared<JobRecord>();
  record->description = std::string(bytes, 'x');
  return ViewOf(std::move(record));
}

class RpcAnswers : public RpcTest {
 protected:
  RpcAnswers() {
    DoorLimits limits;
    limits.unread_per_caller = kPerCaller;
    server_.reset();
    server_ = *StartServer(ServerMaterial(), "127.0.0.1:0", limits);
    jobs_.page = JobPage{{JobOf(kPage)}, ""};
  }
  /// A client of `sid` that takes little of an answer before it is read.
  RpcClient ClientOf(const std::string& sid) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 16 << 10);
    const tests::TestCertificate certificate =
        tests::IssueCertificate(ValidNow(tests::SpecWithSid(sid)), &root_);
    return {server_->port(),     root_.Pem(), certificate.Pem(),
            KeyPem(certificate), "127.0.0.1", arguments};
  }
  /// Asks for so many pages and reads none.
  static std::vector<std::unique_ptr<UnreadCall>> Ask(const RpcClient& client, size_t pages) {
    std::vector<std::unique_ptr<UnreadCall>> unread;
    for (size_t i = 0; i < pages; ++i) {
      unread.push_back(std::make_unique<UnreadCall>(client, kListJobs));
    }
    return unread;
  }
  static bool MayCall(const RpcClient& client) { return client.Call(kServerInfo).ok(); }
};

TEST_F(RpcAnswers, WhoReadsNoneMakesNoFurtherCallAndOthersDoNotNotice) {
  const RpcClient greedy = ClientOf(kUser);
  const RpcClient other = ClientWithSid(kAdministrator);
  auto unread = Ask(greedy, kPerCaller / kPage + 1);
  ASSERT_TRUE(WaitFor([&] { return !MayCall(greedy); }));
  const grpc::Status refused = ClientWithSid(kUser).Call(kServerInfo);
  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED) << "by another connection, too";
  EXPECT_EQ(InfoOf(refused).reason(), "E_OUTOFMEMORY");
  EXPECT_EQ(InfoOf(refused).metadata().at("rule"), "answers_unread");
  EXPECT_TRUE(MayCall(other));
  std::string page;
  EXPECT_TRUE(other.Call(kListJobs, {}, "", &page).ok());
  EXPECT_GT(page.size(), kPage);

  unread.pop_back();
  EXPECT_TRUE(WaitFor([&] { return MayCall(greedy); })) << "one that was cancelled makes room";
}

TEST_F(RpcAnswers, WhatIsReadLateIsWhole) {
  const RpcClient slow = ClientOf(kUser);
  auto unread = Ask(slow, kPerCaller / kPage + 1);
  ASSERT_TRUE(WaitFor([&] { return !MayCall(slow); }));
  for (const auto& call : unread) EXPECT_TRUE(call->Read().ok());
  EXPECT_TRUE(WaitFor([&] { return MayCall(slow); }));
}

TEST_F(RpcAnswers, ACallWhoseAnswerWouldBeTooMuchEnds) {
  const RpcClient greedy = ClientOf(kUser);
  jobs_.page = JobPage{{JobOf(3 * kPerCaller)}, ""};
  EXPECT_EQ(greedy.Call(kListJobs).error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(MayCall(greedy)) << "nothing is kept of it";
}

TEST_F(RpcAnswers, AWatchWhoseEventWouldBeTooMuchEnds) {
  const RpcClient greedy = ClientOf(kUser);
  jobs_.answer = absl::OkStatus();
  UnreadCall watch(greedy, kWatchJobs);
  ASSERT_TRUE(WaitFor([&] { return jobs_.script.OpenWatches() == 1; }));
  const auto unread = Ask(greedy, kPerCaller / kPage + 1);
  ASSERT_TRUE(WaitFor([&] { return !MayCall(greedy); }));
  JobWatch::Event event{};
  event.job = JobOf(kPerCaller);
  jobs_.script.Push(std::move(event));
  const grpc::Status ended = watch.Read();
  EXPECT_EQ(ended.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(InfoOf(ended).metadata().at("rule"), "answers_unread");
}

TEST(AnswerBudgetTest, CallsUnderWayMayTakeAsMuchAgainAndEachCallerHasItsOwn) {
  AnswerBudget budget(AnswerBudget::kCallOverhead);
  const CallerKey one{Sid(), "certificate one"};
  const CallerKey two{Sid(), "certificate two"};
  auto first = budget.Take(one, 0);
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(budget.Check(one).ok());
  EXPECT_TRUE(budget.Take(one, 0).ok()) << "and given back at once";
  EXPECT_FALSE(budget.Take(one, 1).ok());
  EXPECT_TRUE(budget.Check(two).ok());
  EXPECT_TRUE(budget.Take(two, 1).ok());
  first->reset();
  EXPECT_TRUE(budget.Check(one).ok());
}

}  // namespace
}  // namespace bitsd::rpc
