// Conversions between the domain and bits.v1, over every value of every enum.
#include "server/rpc/convert/convert.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

using ::testing::ElementsAre;

template <typename T>
using Names = std::vector<std::pair<T, std::string>>;

/// Every value becomes the value of that name, whose number is BITS' plus one, and the list leaves
/// out no value of bits.v1 but UNSPECIFIED.
template <typename Proto, typename Domain>
void ExpectPlusOne(const Names<Domain>& names) {
  const google::protobuf::EnumDescriptor* all = google::protobuf::GetEnumDescriptor<Proto>();
  EXPECT_EQ(static_cast<size_t>(all->value_count()), names.size() + 1);
  for (const auto& [value, name] : names) {
    const int number = ToProto(value);
    EXPECT_EQ(number, static_cast<int>(value) + 1) << name;
    ASSERT_NE(all->FindValueByNumber(number), nullptr) << name;
    EXPECT_EQ(all->FindValueByNumber(number)->name(), name);
  }
}

/// Every value becomes the value of that name and number.
template <typename Proto, typename Domain>
void ExpectSame(const Names<Domain>& names) {
  const google::protobuf::EnumDescriptor* all = google::protobuf::GetEnumDescriptor<Proto>();
  EXPECT_EQ(static_cast<size_t>(all->value_count()), names.size());
  for (const auto& [value, name] : names) {
    EXPECT_EQ(static_cast<int>(ToProto(value)), static_cast<int>(value));
    EXPECT_EQ(all->FindValueByNumber(static_cast<int>(value))->name(), name);
  }
}

TEST(ConvertEnums, JobTypesAreThoseOfBitsPlusOne) {
  ExpectPlusOne<v1::JobType, JobType>({{JobType::kDownload, "JOB_TYPE_DOWNLOAD"},
                                       {JobType::kUpload, "JOB_TYPE_UPLOAD"},
                                       {JobType::kUploadReply, "JOB_TYPE_UPLOAD_REPLY"}});
}

TEST(ConvertEnums, JobStatesAreThoseOfBitsPlusOne) {
  ExpectPlusOne<v1::JobState, JobState>({{JobState::kQueued, "JOB_STATE_QUEUED"},
                                         {JobState::kConnecting, "JOB_STATE_CONNECTING"},
                                         {JobState::kTransferring, "JOB_STATE_TRANSFERRING"},
                                         {JobState::kSuspended, "JOB_STATE_SUSPENDED"},
                                         {JobState::kError, "JOB_STATE_ERROR"},
                                         {JobState::kTransientError, "JOB_STATE_TRANSIENT_ERROR"},
                                         {JobState::kTransferred, "JOB_STATE_TRANSFERRED"},
                                         {JobState::kAcknowledged, "JOB_STATE_ACKNOWLEDGED"},
                                         {JobState::kCancelled, "JOB_STATE_CANCELLED"}});
}

TEST(ConvertEnums, PrioritiesAreThoseOfBitsPlusOne) {
  ExpectPlusOne<v1::JobPriority, JobPriority>(
      {{JobPriority::kForeground, "JOB_PRIORITY_FOREGROUND"},
       {JobPriority::kHigh, "JOB_PRIORITY_HIGH"},
       {JobPriority::kNormal, "JOB_PRIORITY_NORMAL"},
       {JobPriority::kLow, "JOB_PRIORITY_LOW"}});
}

TEST(ConvertEnums, ErrorContextsAreThoseOfBitsPlusOne) {
  ExpectPlusOne<v1::ErrorContext, ErrorContext>(
      {{ErrorContext::kNone, "ERROR_CONTEXT_NONE"},
       {ErrorContext::kUnknown, "ERROR_CONTEXT_UNKNOWN"},
       {ErrorContext::kGeneralQueueManager, "ERROR_CONTEXT_GENERAL_QUEUE_MANAGER"},
       {ErrorContext::kQueueManagerNotification, "ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION"},
       {ErrorContext::kLocalFile, "ERROR_CONTEXT_LOCAL_FILE"},
       {ErrorContext::kRemoteFile, "ERROR_CONTEXT_REMOTE_FILE"},
       {ErrorContext::kGeneralTransport, "ERROR_CONTEXT_GENERAL_TRANSPORT"},
       {ErrorContext::kRemoteApplication, "ERROR_CONTEXT_REMOTE_APPLICATION"},
       {ErrorContext::kServerCertificateCallback, "ERROR_CONTEXT_SERVER_CERTIFICATE_CALLBACK"}});
}

TEST(ConvertEnums, WaitingForKeepsItsNumbers) {
  ExpectSame<v1::WaitingFor, WaitingFor>({{WaitingFor::kNothing, "WAITING_FOR_UNSPECIFIED"},
                                          {WaitingFor::kLogon, "WAITING_FOR_LOGON"},
                                          {WaitingFor::kToken, "WAITING_FOR_TOKEN"},
                                          {WaitingFor::kSlot, "WAITING_FOR_SLOT"},
                                          {WaitingFor::kRetryTimer, "WAITING_FOR_RETRY_TIMER"},
                                          {WaitingFor::kStore, "WAITING_FOR_STORE"},
                                          {WaitingFor::kAccount, "WAITING_FOR_ACCOUNT"}});
}

TEST(ConvertEnums, ProxyUsagesAreThoseOfBitsPlusOne) {
  ExpectPlusOne<v1::ProxyUsage, ProxyUsage>({{ProxyUsage::kPreconfig, "PROXY_USAGE_PRECONFIG"},
                                             {ProxyUsage::kNoProxy, "PROXY_USAGE_NO_PROXY"},
                                             {ProxyUsage::kOverride, "PROXY_USAGE_OVERRIDE"},
                                             {ProxyUsage::kAutodetect, "PROXY_USAGE_AUTODETECT"}});
}

TEST(ConvertEnums, TargetsAndSchemesAreThoseOfBits) {
  ExpectSame<v1::AuthTarget, AuthTarget>({{AuthTarget{0}, "AUTH_TARGET_UNSPECIFIED"},
                                          {AuthTarget::kServer, "AUTH_TARGET_SERVER"},
                                          {AuthTarget::kProxy, "AUTH_TARGET_PROXY"}});
  ExpectSame<v1::AuthScheme, AuthScheme>({{AuthScheme{0}, "AUTH_SCHEME_UNSPECIFIED"},
                                          {AuthScheme::kBasic, "AUTH_SCHEME_BASIC"},
                                          {AuthScheme::kDigest, "AUTH_SCHEME_DIGEST"},
                                          {AuthScheme::kNtlm, "AUTH_SCHEME_NTLM"},
                                          {AuthScheme::kNegotiate, "AUTH_SCHEME_NEGOTIATE"},
                                          {AuthScheme::kPassport, "AUTH_SCHEME_PASSPORT"}});
  ExpectSame<v1::CredentialStorage, CredentialStorage>(
      {{CredentialStorage{0}, "CREDENTIAL_STORAGE_UNSPECIFIED"},
       {CredentialStorage::kStored, "CREDENTIAL_STORAGE_STORED"},
       {CredentialStorage::kMemoryOnly, "CREDENTIAL_STORAGE_MEMORY_ONLY"},
       {CredentialStorage::kLost, "CREDENTIAL_STORAGE_LOST"}});
}

TEST(ConvertEnums, KindsOfEventsKeepTheirNumbers) {
  EXPECT_EQ(ToProto(JobWatch::Kind::kSnapshot), v1::WatchJobsResponse::KIND_SNAPSHOT);
  EXPECT_EQ(ToProto(JobWatch::Kind::kSnapshotEnd), v1::WatchJobsResponse::KIND_SNAPSHOT_END);
  EXPECT_EQ(ToProto(JobWatch::Kind::kChanged), v1::WatchJobsResponse::KIND_CHANGED);
  EXPECT_EQ(ToProto(JobWatch::Kind::kResumed), v1::WatchJobsResponse::KIND_RESUMED);
  EXPECT_EQ(ToProto(JobWatch::Kind::kNotResumed), v1::WatchJobsResponse::KIND_NOT_RESUMED);
  EXPECT_EQ(v1::WatchJobsResponse::Kind_descriptor()->value_count(), 6);
}

TEST(ConvertEnums, EveryTypeAndPriorityComesBackAsItWas) {
  for (const JobType type : {JobType::kDownload, JobType::kUpload, JobType::kUploadReply}) {
    EXPECT_EQ(*ParseType(ToProto(type)), type);
  }
  for (const JobPriority priority :
       {JobPriority::kForeground, JobPriority::kHigh, JobPriority::kNormal, JobPriority::kLow}) {
    EXPECT_EQ(*ParsePriority(ToProto(priority)), priority);
  }
  EXPECT_EQ(*ParseType(v1::JOB_TYPE_UNSPECIFIED), JobType::kDownload);
}

TEST(ConvertEnums, NumbersThatDoNotExistAreNotImplemented) {
  for (const int number : {-1, 4, 5, 99, std::numeric_limits<int>::max()}) {
    EXPECT_EQ(DetailOf(ParseType(static_cast<v1::JobType>(number)).status()).hresult,
              Hresult::kNotImplemented);
  }
  for (const int number : {-1, 0, 5, 99, std::numeric_limits<int>::min()}) {
    EXPECT_EQ(DetailOf(ParsePriority(static_cast<v1::JobPriority>(number)).status()).hresult,
              Hresult::kNotImplemented);
  }
}

TEST(ConvertTimes, TimesKeepTheirNanoseconds) {
  const google::protobuf::Timestamp time =
      ToProto(absl::FromUnixSeconds(1'700'000'000) + absl::Nanoseconds(42));
  EXPECT_EQ(time.seconds(), 1'700'000'000);
  EXPECT_EQ(time.nanos(), 42);
  const google::protobuf::Timestamp before_1970 =
      ToProto(absl::FromUnixSeconds(-1) + absl::Nanoseconds(5));
  EXPECT_EQ(before_1970.seconds(), -1);
  EXPECT_EQ(before_1970.nanos(), 5);
}

TEST(ConvertTimes, EndlessTimesBecomeTheLastThatATimestampHolds) {
  EXPECT_EQ(ToProto(absl::InfiniteFuture()).seconds(), 253'402'300'799);
  EXPECT_EQ(ToProto(absl::InfinitePast()).seconds(), -62'135'596'800);
  EXPECT_EQ(ToProto(absl::InfiniteDuration()).seconds(), 315'576'000'000);
}

TEST(ConvertTimes, DurationsComeBackAsTheyWere) {
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Seconds(600), absl::Milliseconds(1500),
        -absl::Milliseconds(1500), absl::Nanoseconds(1), absl::Hours(24 * 365 * 10)}) {
    EXPECT_EQ(*ParseDuration(ToProto(duration)), duration);
  }
}

TEST(ConvertTimes, DurationsOutOfBoundsOrWithTwoSignsAreInvalid) {
  const std::pair<int64_t, int32_t> invalid[] = {{315'576'000'001, 0},
                                                 {-315'576'000'001, 0},
                                                 {0, 1'000'000'000},
                                                 {0, -1'000'000'000},
                                                 {1, -1},
                                                 {-1, 1},
                                                 {std::numeric_limits<int64_t>::max(), 0},
                                                 {std::numeric_limits<int64_t>::min(), 0}};
  for (const auto& [seconds, nanos] : invalid) {
    google::protobuf::Duration duration;
    duration.set_seconds(seconds);
    duration.set_nanos(nanos);
    EXPECT_EQ(DetailOf(ParseDuration(duration).status()).hresult, Hresult::kInvalidArgument)
        << seconds << " " << nanos;
  }
}

/// A job with every field set.
JobView FullJob() {
  auto record = std::make_shared<JobRecord>();
  record->id = JobId::Random();
  record->state = JobState::kTransientError;
  record->display_name = "name";
  record->description = "text";
  record->priority = JobPriority::kHigh;
  record->owner = *Sid::Parse("S-1-5-21-1-2-3-1001");
  record->elevated = true;
  record->token_flags = kTokenLocalFile | kTokenNetwork;
  record->files = std::make_shared<FileRecords>(3);
  record->creation = absl::FromUnixSeconds(10);
  record->modification = absl::FromUnixSeconds(20);
  record->transfer_completion = absl::FromUnixSeconds(30);
  record->error =
      JobError{ErrorContext::kRemoteFile, HttpHresult(503), 503, "busy", "address_denied", 2,
               absl::FromUnixSeconds(40)};
  record->error_count = 4;
  record->abandoned = {{"/data/.tmp", record->owner, {}}};
  record->revision = 16;
  JobView job;
  job.revision = 17;
  job.record = record;
  job.state = JobState::kTransientError;
  job.waiting_for = WaitingFor::kRetryTimer;
  job.bytes_total = 100;
  job.bytes_transferred = 50;
  job.files_transferred = 1;
  job.token_sid = *Sid::Parse("S-1-5-21-1-2-3-1002");
  job.token_expires = absl::FromUnixSeconds(50);
  return job;
}

TEST(ConvertJob, EveryFieldIsShown) {
  const JobView view = FullJob();
  const v1::Job job = ToProto(view);
  EXPECT_EQ(job.id(), view.record->id.ToString());
  EXPECT_EQ(job.type(), v1::JOB_TYPE_DOWNLOAD);
  EXPECT_EQ(job.state(), v1::JOB_STATE_TRANSIENT_ERROR);
  EXPECT_EQ(job.display_name(), "name");
  EXPECT_EQ(job.description(), "text");
  EXPECT_EQ(job.priority(), v1::JOB_PRIORITY_HIGH);
  EXPECT_EQ(job.owner_sid(), "S-1-5-21-1-2-3-1001");
  EXPECT_TRUE(job.elevated());
  EXPECT_EQ(job.progress().bytes_total(), 100u);
  EXPECT_EQ(job.progress().bytes_transferred(), 50u);
  EXPECT_EQ(job.progress().files_total(), 3u);
  EXPECT_EQ(job.progress().files_transferred(), 1u);
  EXPECT_EQ(job.times().creation_time().seconds(), 10);
  EXPECT_EQ(job.times().modification_time().seconds(), 20);
  EXPECT_EQ(job.times().transfer_completion_time().seconds(), 30);
  EXPECT_EQ(job.error_count(), 4u);
  EXPECT_EQ(job.waiting_for(), v1::WAITING_FOR_RETRY_TIMER);
  EXPECT_EQ(job.helper_token_flags(), 3u);
  EXPECT_EQ(job.helper_token_sid(), "S-1-5-21-1-2-3-1002");
  EXPECT_EQ(job.helper_token_expire_time().seconds(), 50);
  EXPECT_EQ(job.revision(), 17u);
  EXPECT_EQ(job.minimum_retry_delay().seconds(), 600);
  EXPECT_EQ(job.no_progress_timeout().seconds(), 1'209'600);
}

TEST(ConvertJob, TheNetworkSideIsShown) {
  JobView view = FullJob();
  auto record = std::make_shared<JobRecord>(*view.record);
  NetworkSettings network;
  network.proxy_usage = ProxyUsage::kOverride;
  network.proxy_list = "p:1";
  network.proxy_bypass = "b";
  network.security_flags = kRedirectDisallow;
  record->network = std::make_shared<const NetworkSettings>(network);
  view.record = record;
  view.credentials = {
      {AuthTarget::kProxy, AuthScheme::kNtlm, true, CredentialStorage::kMemoryOnly}};
  view.client_certificate = ClientCertificate{"/c", "/k"};
  const v1::Job job = ToProto(view);
  EXPECT_EQ(job.proxy_settings().usage(), v1::PROXY_USAGE_OVERRIDE);
  EXPECT_EQ(job.proxy_settings().list(), "p:1");
  EXPECT_EQ(job.proxy_settings().bypass(), "b");
  EXPECT_EQ(job.http_security_flags(), 0x200u);
  ASSERT_EQ(job.credentials_size(), 1);
  EXPECT_EQ(job.credentials(0).target(), v1::AUTH_TARGET_PROXY);
  EXPECT_EQ(job.credentials(0).scheme(), v1::AUTH_SCHEME_NTLM);
  EXPECT_TRUE(job.credentials(0).implicit());
  EXPECT_EQ(job.credentials(0).storage(), v1::CREDENTIAL_STORAGE_MEMORY_ONLY);
  EXPECT_EQ(job.client_certificate().certificate_path(), "/c");
  EXPECT_EQ(job.client_certificate().key_path(), "/k");
  EXPECT_EQ(ToProto(FullJob()).proxy_settings().usage(), v1::PROXY_USAGE_PRECONFIG);
  EXPECT_FALSE(ToProto(FullJob()).has_client_certificate());
}

TEST(ConvertJob, AnErrorSaysWhatHappenedAndWhenItIsTriedAgain) {
  const v1::JobError error = ToProto(FullJob()).error();
  EXPECT_EQ(error.context(), v1::ERROR_CONTEXT_REMOTE_FILE);
  EXPECT_EQ(error.hresult(), 0x801901F7u);
  EXPECT_EQ(error.http_status(), 503u);
  EXPECT_EQ(error.reason(), "BG_E_HTTP_ERROR_503");
  EXPECT_EQ(error.message(), "busy");
  EXPECT_EQ(error.rule(), "address_denied");
  EXPECT_TRUE(error.retryable());
  EXPECT_EQ(error.next_retry_time().seconds(), 40);
  EXPECT_EQ(error.file_index(), 2u);
}

v1::JobError ErrorWith(Hresult hresult, std::string message) {
  JobError error;
  error.hresult = hresult;
  error.message = std::move(message);
  return ToProto(error);
}

TEST(ConvertJob, AnErrorForGoodHasNoTimeOfRetry) {
  const v1::JobError error = ErrorWith(Hresult::kTokenRequired, "");
  EXPECT_FALSE(error.retryable());
  EXPECT_FALSE(error.has_next_retry_time());
  EXPECT_FALSE(error.has_file_index());
  EXPECT_EQ(error.reason(), "BG_E_TOKEN_REQUIRED");
}

TEST(ConvertJob, AMessageThatIsNoUtf8IsMadePrintable) {
  EXPECT_EQ(ErrorWith(Hresult::kOk, "bad \xFF\xC3 text").message(), "bad ?? text");
  EXPECT_EQ(ErrorWith(Hresult::kOk, "gr\xC3\xBC\xC3\x9F").message(), "gr\xC3\xBC\xC3\x9F");
}

TEST(ConvertJob, AJobWithoutErrorOrTokenLeavesTheirFieldsUnset) {
  JobView view;
  view.record = std::make_shared<JobRecord>();
  view.bytes_total = kSizeUnknown;
  const v1::Job job = ToProto(view);
  EXPECT_FALSE(job.has_error());
  EXPECT_FALSE(job.has_helper_token_sid());
  EXPECT_FALSE(job.has_helper_token_expire_time());
  EXPECT_FALSE(job.times().has_transfer_completion_time());
  EXPECT_EQ(job.progress().bytes_total(), std::numeric_limits<uint64_t>::max());
}

TEST(ConvertJob, UndeletedFilesAreShownOnceTheJobIsFinal) {
  JobView view = FullJob();
  EXPECT_THAT(ToProto(view).undeleted_files(), ElementsAre());
  for (const JobState final_state : {JobState::kAcknowledged, JobState::kCancelled}) {
    view.state = final_state;
    EXPECT_THAT(ToProto(view).undeleted_files(), ElementsAre("/data/.tmp"));
  }
}

TEST(ConvertFile, EveryFieldIsShown) {
  FileView view{7, {"http://h/f", "/data/f", {}, true}, 10, 5};
  view.record.progress.transferred = true;
  view.record.progress.not_resumable = true;
  view.record.progress.final_url = "http://cdn/f";
  view.record.progress.restarts = 2;
  view.record.progress.replaced_size = 11;
  view.record.progress.version.content_encoding = "gzip";
  const v1::File file = ToProto(view);
  EXPECT_EQ(file.index(), 7u);
  EXPECT_EQ(file.remote_name(), "http://h/f");
  EXPECT_EQ(file.local_name(), "/data/f");
  EXPECT_EQ(file.bytes_total(), 10u);
  EXPECT_EQ(file.bytes_transferred(), 5u);
  EXPECT_TRUE(file.transferred());
  EXPECT_TRUE(file.completed());
  EXPECT_TRUE(file.not_resumable());
  EXPECT_EQ(file.final_url(), "http://cdn/f");
  EXPECT_EQ(file.restarts(), 2u);
  EXPECT_EQ(file.replaced_bytes_total(), 11u);
  EXPECT_EQ(file.content_encoding(), "gzip");
  EXPECT_FALSE(ToProto(FileView{}).has_replaced_bytes_total());
}

}  // namespace
}  // namespace bitsd::rpc
