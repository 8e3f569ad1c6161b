// Parsing of requests: what is well formed, and what is refused before the domain sees it.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/error/errors.h"
#include "server/rpc/convert/convert.h"

namespace bitsd::rpc {
namespace {

using ::testing::HasSubstr;

TEST(ParseRequests, InterfaceIdIsKnownInAnyCaseAndBraces) {
  EXPECT_TRUE(CheckInterfaceId("9a2584c3-f7d2-457a-9a5e-22b67bffc7d2").ok());
  EXPECT_TRUE(CheckInterfaceId("{9A2584C3-F7D2-457A-9A5E-22B67BFFC7D2}").ok());
  for (const char* other : {"", "9a2584c3-f7d2-457a-9a5e-22b67bffc7d3", "IBitsTokenOptions"}) {
    EXPECT_EQ(DetailOf(CheckInterfaceId(other)).hresult, Hresult::kNoInterface) << other;
  }
}

TEST(ParseRequests, HandlesAre32Bytes) {
  EXPECT_EQ(*ParseHandle(std::string(32, '\0')), std::string(32, '\0'));
  for (const size_t size : {0, 31, 33, 4096}) {
    EXPECT_EQ(DetailOf(ParseHandle(std::string(size, 'x')).status()).hresult,
              Hresult::kInvalidArgument);
  }
}

TEST(ParseRequests, RequestIdIsEmptyOrACanonicalUuid) {
  EXPECT_EQ(*ParseRequestId(""), "");
  EXPECT_EQ(*ParseRequestId("{9A2584C3-F7D2-457A-9A5E-22B67BFFC7D2}"),
            "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2");
  EXPECT_EQ(DetailOf(ParseRequestId("again").status()).hresult, Hresult::kInvalidArgument);
}

TEST(ParseRequests, AHelperIsUnsetOrACanonicalSid) {
  v1::QueryInterfaceRequest request;
  EXPECT_EQ(*ParseHelper(request), std::nullopt);
  request.set_helper_sid("S-1-5-21-1-2-3-1001");
  EXPECT_EQ((*ParseHelper(request))->ToString(), "S-1-5-21-1-2-3-1001");
  for (const char* bad : {"", "S-1-5-021", "alice"}) {
    request.set_helper_sid(bad);
    EXPECT_EQ(DetailOf(ParseHelper(request).status()).hresult, Hresult::kInvalidArgument) << bad;
  }
}

TEST(ParseRequests, ANewJobIsANormalDownloadUnlessItSaysOtherwise) {
  v1::CreateJobRequest request;
  request.set_display_name("name");
  absl::StatusOr<NewJob> job = ParseNewJob(request);
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->type, JobType::kDownload);
  EXPECT_EQ(job->priority, JobPriority::kNormal);
  request.set_type(v1::JOB_TYPE_UPLOAD);
  request.set_priority(v1::JOB_PRIORITY_LOW);
  job = ParseNewJob(request);
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->type, JobType::kUpload);
  EXPECT_EQ(job->priority, JobPriority::kLow);
}

TEST(ParseRequests, AnUpdateTakesWhatTheMaskNamesAndNothingElse) {
  v1::UpdateJobRequest request;
  request.mutable_job()->set_display_name("new name");
  request.mutable_job()->set_description("ignored");
  request.mutable_job()->mutable_no_progress_timeout();
  request.mutable_update_mask()->add_paths("display_name");
  request.mutable_update_mask()->add_paths("no_progress_timeout");
  const absl::StatusOr<JobUpdate> update = ParseUpdate(request);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(update->display_name, "new name");
  EXPECT_EQ(update->no_progress_timeout, absl::ZeroDuration());
  EXPECT_EQ(update->description, std::nullopt);
  EXPECT_EQ(update->priority, std::nullopt);
  EXPECT_EQ(update->minimum_retry_delay, std::nullopt);
  EXPECT_EQ(update->expected_revision, std::nullopt);
}

TEST(ParseRequests, EveryPropertyCanBeUpdated) {
  v1::UpdateJobRequest request;
  request.mutable_job()->set_display_name("n");
  request.mutable_job()->set_description("d");
  request.mutable_job()->set_priority(v1::JOB_PRIORITY_FOREGROUND);
  request.mutable_job()->mutable_minimum_retry_delay()->set_seconds(60);
  request.mutable_job()->mutable_no_progress_timeout()->set_seconds(90);
  request.mutable_job()->mutable_proxy_settings()->set_usage(v1::PROXY_USAGE_OVERRIDE);
  request.mutable_job()->mutable_proxy_settings()->set_list("p:1");
  request.mutable_job()->mutable_proxy_settings()->set_bypass("b");
  request.mutable_job()->set_http_security_flags(0x200);
  request.set_expected_revision(0);
  for (const char* path : {"display_name", "description", "priority", "minimum_retry_delay",
                           "no_progress_timeout", "proxy_settings", "http_security_flags"}) {
    request.mutable_update_mask()->add_paths(path);
  }
  const absl::StatusOr<JobUpdate> update = ParseUpdate(request);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(update->display_name, "n");
  EXPECT_EQ(update->description, "d");
  EXPECT_EQ(update->priority, JobPriority::kForeground);
  EXPECT_EQ(update->minimum_retry_delay, absl::Seconds(60));
  EXPECT_EQ(update->no_progress_timeout, absl::Seconds(90));
  EXPECT_EQ(update->expected_revision, 0u);
  EXPECT_EQ(update->proxy->usage, ProxyUsage::kOverride);
  EXPECT_EQ(update->proxy->list, "p:1");
  EXPECT_EQ(update->proxy->bypass, "b");
  EXPECT_EQ(update->security_flags, 0x200u);
}

TEST(ParseRequests, AnUpdateOfProxiesNeedsAUsageThatExists) {
  v1::UpdateJobRequest request;
  request.mutable_update_mask()->add_paths("proxy_settings");
  EXPECT_EQ(DetailOf(ParseUpdate(request).status()).hresult, Hresult::kInvalidArgument);
  for (const int usage : {0, 5, -1}) {
    request.mutable_job()->mutable_proxy_settings()->set_usage(static_cast<v1::ProxyUsage>(usage));
    EXPECT_EQ(DetailOf(ParseUpdate(request).status()).hresult, Hresult::kNotImplemented) << usage;
  }
}

TEST(ParseRequests, ACredentialIsTakenAsItCameAndPolicyJudgesIt) {
  v1::SetCredentialsRequest request;
  request.set_target(static_cast<v1::AuthTarget>(7));
  request.set_scheme(v1::AUTH_SCHEME_NTLM);
  request.set_user_name("D\\u");
  request.set_password("p");
  const JobCredential credential = ParseCredential(request);
  EXPECT_EQ(static_cast<int>(credential.target), 7);
  EXPECT_EQ(credential.scheme, AuthScheme::kNtlm);
  EXPECT_EQ(credential.user, "D\\u");
  EXPECT_EQ(credential.password.view(), "p");
}

TEST(ParseRequests, EveryOtherMaskPathIsInvalid) {
  EXPECT_EQ(DetailOf(ParseUpdate({}).status()).hresult, Hresult::kInvalidArgument);
  const google::protobuf::Descriptor* job = v1::Job::descriptor();
  const std::set<std::string> settable = {
      "display_name",        "description",    "priority",           "minimum_retry_delay",
      "no_progress_timeout", "proxy_settings", "http_security_flags"};
  std::vector<std::string> paths = {"", "*", "Display_Name", "job.display_name",
                                    "times.creation_time"};
  for (int i = 0; i < job->field_count(); ++i) paths.emplace_back(job->field(i)->name());
  for (const std::string& path : paths) {
    if (settable.contains(path)) continue;
    v1::UpdateJobRequest request;
    request.mutable_update_mask()->add_paths(path);
    EXPECT_EQ(DetailOf(ParseUpdate(request).status()).hresult, Hresult::kInvalidArgument) << path;
  }
}

TEST(ParseRequests, AnUpdateOfAMissingDurationOrUnknownPriorityIsRefused) {
  v1::UpdateJobRequest request;
  request.mutable_update_mask()->add_paths("minimum_retry_delay");
  EXPECT_THAT(std::string(ParseUpdate(request).status().message()),
              HasSubstr("minimum_retry_delay"));
  request.mutable_update_mask()->set_paths(0, "priority");
  EXPECT_EQ(DetailOf(ParseUpdate(request).status()).hresult, Hresult::kNotImplemented);
}

TEST(ParseRequests, AWatchNamesAtMostAThousandJobs) {
  v1::WatchJobsRequest request;
  for (int i = 0; i < kMaxWatchedJobs; ++i) request.add_job_ids(JobId::Random().ToString());
  ASSERT_TRUE(ParseWatch(request).ok());
  EXPECT_EQ(ParseWatch(request)->jobs.size(), 1000u);
  request.add_job_ids(JobId::Random().ToString());
  EXPECT_EQ(DetailOf(ParseWatch(request).status()).hresult, Hresult::kInvalidArgument);
  request.clear_job_ids();
  request.add_job_ids("1");
  EXPECT_EQ(DetailOf(ParseWatch(request).status()).hresult, Hresult::kInvalidArgument);
}

}  // namespace
}  // namespace bitsd::rpc
