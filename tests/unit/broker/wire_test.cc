#include "server/broker/wire.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/broker/channel.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

using wire::Operation;

wire::OpenWorkerRequest SomeIdentity() {
  return {Sid(5, {21, 1, 2, 3, 1001}), {61001, 61002, {61003, 61004}}};
}

wire::FileRequest SomePublish() {
  wire::FileRequest request;
  request.operation = Operation::kPublish;
  request.path = "/a/.BIT0123456789abcdef.tmp";
  request.destination = "/a/file";
  request.id = {7, 8, 9, 10, 61001, 0600};
  request.umask = 027;
  request.mtime = absl::FromUnixSeconds(253'402'300'799);
  request.size = 1234;
  return request;
}

TEST(WireTest, AnIdentityArrivesAsItWasSent) {
  const auto decoded = wire::DecodeOpenWorker(wire::Encode(SomeIdentity()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->sid, SomeIdentity().sid);
  EXPECT_EQ(decoded->posix, SomeIdentity().posix);
}

TEST(WireTest, AFileRequestArrivesAsItWasSent) {
  const auto decoded = wire::DecodeFileRequest(wire::Encode(SomePublish()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->operation, Operation::kPublish);
  EXPECT_EQ(decoded->path, SomePublish().path);
  EXPECT_EQ(decoded->destination, SomePublish().destination);
  EXPECT_EQ(decoded->id, SomePublish().id);
  EXPECT_EQ(decoded->umask, SomePublish().umask);
  EXPECT_EQ(decoded->mtime, SomePublish().mtime);
  EXPECT_EQ(decoded->size, SomePublish().size);
}

/// The largest request there is.
wire::FileRequest ManyPublishes() {
  wire::FileRequest request = SomePublish();
  request.path = "/" + std::string(policy::kMaxLocalName - 1, 'p');
  request.destination = request.path;
  for (size_t i = 1; i < wire::kMaxFiles; ++i) {
    const std::string name(policy::kMaxLocalComponent, static_cast<char>('a' + i % 26));
    request.next.push_back({".BIT0123456789abcdef.tmp", name, {i, i + 1}, absl::UnixEpoch(), i});
  }
  return request;
}

TEST(WireTest, ManyFilesArriveAsTheyWereSentAndFitOnePacket) {
  const std::string bytes = wire::Encode(ManyPublishes());
  EXPECT_LE(bytes.size(), kMaxPacket);
  const auto decoded = wire::DecodeFileRequest(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_EQ(decoded->next.size(), wire::kMaxFiles - 1);
  const wire::NextFile last = ManyPublishes().next.back();
  EXPECT_EQ(decoded->next.back().temporary, last.temporary);
  EXPECT_EQ(decoded->next.back().destination, last.destination);
  EXPECT_EQ(decoded->next.back().id, last.id);
  EXPECT_EQ(decoded->next.back().mtime, last.mtime);
}

TEST(WireTest, NeitherMoreFilesNorManyOfAnotherOperationDecode) {
  wire::FileRequest crowd = ManyPublishes();
  crowd.next.push_back(crowd.next.back());
  EXPECT_FALSE(wire::DecodeFileRequest(wire::Encode(crowd)).ok());
  for (const Operation operation :
       {Operation::kReopenTemporary, Operation::kRemoveTemporary, Operation::kSyncDirectory,
        Operation::kOpenPem, Operation::kOpenSource, Operation::kCheckTemporary}) {
    wire::FileRequest request = SomePublish();
    request.operation = operation;
    EXPECT_TRUE(wire::DecodeFileRequest(wire::Encode(request)).ok());
    request.next.push_back({});
    EXPECT_FALSE(wire::DecodeFileRequest(wire::Encode(request)).ok());
  }
  const wire::Reply reply{absl::OkStatus(), std::vector<FileId>(wire::kMaxFiles + 1)};
  EXPECT_FALSE(wire::DecodeReply(wire::Encode(reply)).ok());
  wire::Reply published;
  published.not_set.assign(wire::kMaxFiles, kModeNotSet | kTimeNotSet);
  EXPECT_EQ(wire::DecodeReply(wire::Encode(published))->not_set, published.not_set);
  published.not_set.push_back(0);
  EXPECT_FALSE(wire::DecodeReply(wire::Encode(published)).ok());
  published.not_set = {4};
  EXPECT_FALSE(wire::DecodeReply(wire::Encode(published)).ok());
}

TEST(WireTest, AFolderIsCheckedWithAsManyNamesAsAMessageHolds) {
  wire::FileRequest request;
  request.operation = Operation::kCheckDirectory;
  request.path = "/a";
  request.next.assign(wire::kMaxFiles, {{}, "file", {}, absl::InfinitePast()});
  EXPECT_EQ(wire::DecodeFileRequest(wire::Encode(request))->next.size(), wire::kMaxFiles);
  request.next.push_back(request.next.back());
  EXPECT_FALSE(wire::DecodeFileRequest(wire::Encode(request)).ok());
}

TEST(WireTest, ATimeToBeLeftAloneIsLeftAlone) {
  wire::FileRequest request = SomePublish();
  request.mtime = absl::InfinitePast();
  EXPECT_EQ(wire::DecodeFileRequest(wire::Encode(request))->mtime, absl::InfinitePast());
}

TEST(WireTest, EveryStatusOfABrokerArrivesAsItWasSent) {
  for (const absl::Status& status :
       {absl::OkStatus(), error::AccessDenied(Rule::kJobAccess, "first rule"),
        error::AccessDenied(Rule::kKerberosServerUnknown, "last rule"),
        error::InvalidArgument("argument"), error::TokenRequired("token"),
        error::StringTooLong("long"), error::DiskFull("full"), error::Unavailable("later")}) {
    const auto reply = wire::DecodeReply(wire::Encode(wire::Reply{status, {{1, 2}, {3, 4}}}));
    ASSERT_TRUE(reply.ok()) << status;
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(reply->ids, (std::vector<FileId>{{1, 2}, {3, 4}}));
    EXPECT_TRUE(reply->not_set.empty());
  }
}

TEST(WireTest, NoPrefixAndNoExtensionOfAMessageDecodes) {
  const std::string identity = wire::Encode(SomeIdentity());
  wire::FileRequest two = SomePublish();
  two.next.push_back({".BIT0123456789abcdef.tmp", "other", {9, 10}, absl::InfinitePast()});
  const std::string request = wire::Encode(two);
  const std::string reply = wire::Encode(wire::Reply{error::DiskFull("full"), {{1, 2}}});
  for (size_t size = 0; size < identity.size(); ++size) {
    EXPECT_FALSE(wire::DecodeOpenWorker(identity.substr(0, size)).ok()) << size;
  }
  for (size_t size = 0; size < request.size(); ++size) {
    EXPECT_FALSE(wire::DecodeFileRequest(request.substr(0, size)).ok()) << size;
  }
  for (size_t size = 0; size < reply.size(); ++size) {
    EXPECT_FALSE(wire::DecodeReply(reply.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(wire::DecodeOpenWorker(identity + "x").ok());
  EXPECT_FALSE(wire::DecodeFileRequest(request + "x").ok());
  EXPECT_FALSE(wire::DecodeReply(reply + "x").ok());
}

TEST(WireTest, ValuesOutOfBoundsDoNotDecode) {
  for (const int operation : {0, 1, 64, 255}) {
    wire::FileRequest request = SomePublish();
    request.operation = static_cast<Operation>(operation);
    EXPECT_FALSE(wire::DecodeFileRequest(wire::Encode(request)).ok()) << operation;
  }
  wire::FileRequest set_id = SomePublish();
  set_id.umask = 07000;
  EXPECT_FALSE(wire::DecodeFileRequest(wire::Encode(set_id)).ok());
  wire::FileRequest far = SomePublish();
  far.path = "/" + std::string(4095, 'a');
  EXPECT_FALSE(wire::DecodeFileRequest(wire::Encode(far)).ok());
  wire::OpenWorkerRequest crowd = SomeIdentity();
  crowd.posix.groups.assign(wire::kMaxGroups + 1, 61001);
  EXPECT_FALSE(wire::DecodeOpenWorker(wire::Encode(crowd)).ok());
}

TEST(WireTest, AReplyWithAnUnknownErrorOrRuleDoesNotDecode) {
  std::string reply = wire::Encode(wire::Reply{error::AccessDenied(Rule::kRootDenied, "x"), {}});
  std::string hresult = reply;
  hresult[1] = '\x77';
  EXPECT_FALSE(wire::DecodeReply(hresult).ok());
  std::string rule = reply;
  rule[7] = '\x77';
  EXPECT_FALSE(wire::DecodeReply(rule).ok());
  std::string outcome = reply;
  outcome[0] = 3;
  EXPECT_FALSE(wire::DecodeReply(outcome).ok());
}

TEST(WireTest, AMessageFromAHostileWorkerCannotForgeALogLine) {
  const auto reply =
      wire::DecodeReply(wire::Encode(wire::Reply{error::DiskFull("a\nb\x1b\xff"), {}}));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status.message(), "a?b??");
}

}  // namespace
}  // namespace bitsd
