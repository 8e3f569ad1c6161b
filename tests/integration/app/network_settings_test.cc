// The network settings of a job, against the real bitsd: who sets them, what is shown, what a
// restart leaves, and that no secret is anywhere on the disk.

#include <filesystem>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

namespace v1 = bits::v1;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr char kUser[] = "marker-user-4711";
constexpr char kPassword[] = "marker-password-4711";

class NetworkSettingsTest : public BitsdTest {
 protected:
  bits::Client Fetcher() { return As("fetcher"); }

  static v1::SetCredentialsRequest Credential(const std::string& job) {
    v1::SetCredentialsRequest request;
    request.set_job_id(job);
    request.set_target(v1::AUTH_TARGET_SERVER);
    request.set_scheme(v1::AUTH_SCHEME_DIGEST);
    request.set_user_name(kUser);
    request.set_password(kPassword);
    return request;
  }
  static v1::SetClientCertificateRequest Certificate(const std::string& job) {
    v1::SetClientCertificateRequest request;
    request.set_job_id(job);
    request.set_certificate_path("/home/c.pem");
    request.set_key_path("/home/c.key");
    return request;
  }

  std::string Reason(const v1::SetCredentialsRequest& request) {
    return ErrorText(Fetcher().SetCredentials(request).status());
  }

  absl::StatusOr<v1::Job> Update(const bits::Client& client, const std::string& job,
                                 const std::string& path, v1::Job values) {
    v1::UpdateJobRequest request;
    *request.mutable_job() = std::move(values);
    request.mutable_job()->set_id(job);
    request.mutable_update_mask()->add_paths(path);
    return client.UpdateJob(request);
  }

  /// The first file below the folder of bitsd, its logs and store included, that has `text`.
  std::string FileWith(const std::string& text) {
    for (const char* folder : {"own", "etc"}) {
      for (const auto& entry :
           std::filesystem::recursive_directory_iterator(bitsd().folder().File(folder))) {
        if (entry.is_regular_file() && ReadFile(entry.path()).find(text) != std::string::npos) {
          return entry.path();
        }
      }
    }
    return bitsd().Log().find(text) == std::string::npos ? "" : "bitsd.log";
  }

  void Restart() {
    ASSERT_TRUE(bitsd().Stop().ok());
    const absl::Status status = bitsd().StartAgain();
    ASSERT_TRUE(status.ok()) << status;
  }
};

TEST_F(NetworkSettingsTest, CredentialsAreShownAsThereAndNotAsWhatTheyAre) {
  const std::string id = CreateJob(Fetcher());
  ASSERT_TRUE(Fetcher().SetCredentials(Credential(id)).ok());
  v1::SetCredentialsRequest implicit;
  implicit.set_job_id(id);
  implicit.set_target(v1::AUTH_TARGET_PROXY);
  implicit.set_scheme(v1::AUTH_SCHEME_NEGOTIATE);
  const v1::Job job = *Fetcher().SetCredentials(implicit);
  ASSERT_THAT(job.credentials(), SizeIs(2));
  EXPECT_FALSE(job.credentials(0).implicit());
  EXPECT_EQ(job.credentials(0).scheme(), v1::AUTH_SCHEME_DIGEST);
  EXPECT_EQ(job.credentials(0).storage(), v1::CREDENTIAL_STORAGE_MEMORY_ONLY);
  EXPECT_TRUE(job.credentials(1).implicit());
  EXPECT_EQ(job.credentials(1).target(), v1::AUTH_TARGET_PROXY);
  EXPECT_EQ(job.credentials(1).storage(), v1::CREDENTIAL_STORAGE_STORED);
  EXPECT_THAT(job.ShortDebugString(), Not(HasSubstr("marker")));
  const auto removed =
      Fetcher().RemoveCredentials(id, v1::AUTH_TARGET_PROXY, v1::AUTH_SCHEME_NEGOTIATE);
  EXPECT_EQ(removed->hresult(), 0u);
  EXPECT_THAT(removed->job().credentials(), SizeIs(1));
  EXPECT_EQ(
      Fetcher().RemoveCredentials(id, v1::AUTH_TARGET_PROXY, v1::AUTH_SCHEME_NEGOTIATE)->hresult(),
      1u);
}

TEST_F(NetworkSettingsTest, EveryErrorOfSetCredentialsHasItsName) {
  const std::string id = CreateJob(Fetcher());
  v1::SetCredentialsRequest request = Credential(id);
  request.set_target(v1::AUTH_TARGET_UNSPECIFIED);
  EXPECT_EQ(Reason(request), "BG_E_INVALID_AUTH_TARGET");
  request = Credential(id);
  request.set_scheme(v1::AUTH_SCHEME_UNSPECIFIED);
  EXPECT_EQ(Reason(request), "BG_E_INVALID_AUTH_SCHEME");
  request.set_scheme(v1::AUTH_SCHEME_PASSPORT);
  EXPECT_EQ(Reason(request), "E_NOTIMPL");
  request.set_scheme(v1::AUTH_SCHEME_NEGOTIATE);
  EXPECT_EQ(Reason(request), "E_NOTIMPL");
  request = Credential(id);
  request.set_user_name(std::string(301, 'u'));
  EXPECT_EQ(Reason(request), "BG_E_USERNAME_TOO_LARGE");
  request = Credential(id);
  request.set_password(std::string(65536, 'p'));
  EXPECT_EQ(Reason(request), "BG_E_PASSWORD_TOO_LARGE");
  request.clear_user_name();
  request.clear_password();
  EXPECT_EQ(Reason(request), "E_INVALIDARG");
  request.set_job_id("x");
  EXPECT_EQ(Reason(request), "E_INVALIDARG");
  EXPECT_EQ(ErrorText(Fetcher()
                          .RemoveCredentials(id, v1::AUTH_TARGET_UNSPECIFIED, v1::AUTH_SCHEME_NTLM)
                          .status()),
            "BG_E_INVALID_AUTH_TARGET");
  auto certificate = Certificate(id);
  certificate.set_certificate_path("c.pem");
  EXPECT_EQ(ErrorText(Fetcher().SetClientCertificate(certificate).status()), "E_INVALIDARG");
  EXPECT_THAT(Fetcher().GetJob(id)->credentials(), IsEmpty());
}

TEST_F(NetworkSettingsTest, AnAdministratorSetsPropertiesAndNoSecrets) {
  const std::string id = CreateJob(Fetcher());
  const bits::Client admin = As("admin");
  EXPECT_EQ(ErrorText(admin.SetCredentials(Credential(id)).status()), "E_ACCESSDENIED/owner_only");
  EXPECT_EQ(ErrorText(admin.SetClientCertificate(Certificate(id)).status()),
            "E_ACCESSDENIED/owner_only");
  EXPECT_EQ(ErrorText(admin.RemoveClientCertificate(id).status()), "E_ACCESSDENIED/owner_only");
  EXPECT_EQ(ErrorText(As("mallory").SetCredentials(Credential(id)).status()),
            "E_ACCESSDENIED/job_access");
  v1::Job values;
  values.mutable_proxy_settings()->set_usage(v1::PROXY_USAGE_NO_PROXY);
  EXPECT_TRUE(Update(admin, id, "proxy_settings", values).ok());
  ASSERT_TRUE(Fetcher().SetCredentials(Credential(id)).ok());
  EXPECT_EQ(ErrorText(Update(admin, id, "proxy_settings", values).status()),
            "E_ACCESSDENIED/owner_only")
      << "it would say where the password goes";
  EXPECT_EQ(ErrorText(AddFile(admin, id, "file", FolderOf("admin") + "/f")),
            "E_ACCESSDENIED/owner_only");
}

TEST_F(NetworkSettingsTest, TheFilesOfTheCertificateAreShownToTheOwnerAlone) {
  const std::string id = CreateJob(Fetcher());
  EXPECT_EQ(Fetcher().SetClientCertificate(Certificate(id))->client_certificate().key_path(),
            "/home/c.key");
  EXPECT_TRUE(Fetcher().GetJob(id)->has_client_certificate());
  EXPECT_FALSE(As("admin").GetJob(id)->has_client_certificate());
  v1::WatchJobsRequest watch;
  watch.add_job_ids(id);
  bits::JobWatch events = As("admin").WatchJobs(watch);
  const auto event = events.Next();
  ASSERT_TRUE(event.ok() && event->has_value());
  EXPECT_EQ((*event)->job().id(), id);
  EXPECT_FALSE((*event)->job().has_client_certificate());
  EXPECT_EQ(Fetcher().RemoveClientCertificate(id)->hresult(), 0u);
  EXPECT_EQ(Fetcher().RemoveClientCertificate(id)->hresult(), 1u);
}

TEST_F(NetworkSettingsTest, ProxiesAndFlagsAreSetByTheirPaths) {
  const std::string id = CreateJob(Fetcher());
  EXPECT_EQ(Fetcher().GetJob(id)->proxy_settings().usage(), v1::PROXY_USAGE_PRECONFIG);
  v1::Job values;
  values.mutable_proxy_settings()->set_usage(v1::PROXY_USAGE_OVERRIDE);
  values.mutable_proxy_settings()->set_list("proxy.example:3128");
  values.mutable_proxy_settings()->set_bypass("<local>");
  values.set_http_security_flags(0x201);
  EXPECT_EQ(Update(Fetcher(), id, "proxy_settings", values)->http_security_flags(), 0u);
  const v1::Job job = *Update(Fetcher(), id, "http_security_flags", values);
  EXPECT_EQ(job.http_security_flags(), 0x201u);
  EXPECT_EQ(job.proxy_settings().list(), "proxy.example:3128");
  values.mutable_proxy_settings()->set_usage(v1::PROXY_USAGE_AUTODETECT);
  EXPECT_EQ(ErrorText(Update(Fetcher(), id, "proxy_settings", values).status()), "E_NOTIMPL");
  values.mutable_proxy_settings()->set_usage(v1::PROXY_USAGE_OVERRIDE);
  values.mutable_proxy_settings()->set_list(std::string(4001, 'p'));
  EXPECT_EQ(ErrorText(Update(Fetcher(), id, "proxy_settings", values).status()),
            "BG_E_PROXY_LIST_TOO_LARGE");
  values.set_http_security_flags(0x40);
  EXPECT_EQ(ErrorText(Update(Fetcher(), id, "http_security_flags", values).status()), "E_NOTIMPL");
  EXPECT_EQ(ErrorText(Update(Fetcher(), id, "credentials", values).status()), "E_INVALIDARG");
}

TEST_F(NetworkSettingsTest, WithoutAKeyARestartLosesThePasswordAndTheJobSaysSo) {
  const std::string id = CreateJob(Fetcher());
  ASSERT_TRUE(Fetcher().SetCredentials(Credential(id)).ok());
  ASSERT_TRUE(Fetcher().SetClientCertificate(Certificate(id)).ok());
  EXPECT_EQ(FileWith(kPassword), "");
  EXPECT_EQ(FileWith(kUser), "");
  Restart();
  const v1::Job job = *Fetcher().GetJob(id);
  ASSERT_THAT(job.credentials(), SizeIs(1));
  EXPECT_EQ(job.credentials(0).storage(), v1::CREDENTIAL_STORAGE_LOST);
  EXPECT_EQ(job.client_certificate().certificate_path(), "/home/c.pem");
  EXPECT_THAT(bitsd().Log(), HasSubstr("1 credentials of jobs were not kept"));
  EXPECT_EQ(Fetcher().SetCredentials(Credential(id))->credentials(0).storage(),
            v1::CREDENTIAL_STORAGE_MEMORY_ONLY);
}

TEST_F(NetworkSettingsTest, ACertificateBesideTheNetworkFlagIsAnErrorOfTheJobAndNotOfACall) {
  const bits::Client fetcher = Fetcher();
  const std::string id = CreateJob(fetcher);
  ASSERT_TRUE(AddFile(fetcher, id, "file", FolderOf("fetcher") + "/f").ok());
  ASSERT_TRUE(fetcher.SetClientCertificate(Certificate(id)).ok());
  const bits::Handle handle = HandleFor(fetcher, id, "alice");
  ASSERT_TRUE(As("alice").SetHelperToken(handle, Demo("alice").sid).ok());
  ASSERT_TRUE(fetcher.SetHelperTokenFlags(handle, 2).ok());
  ASSERT_TRUE(fetcher.Resume(id).ok());
  const v1::Job job = WaitForState(fetcher, id, v1::JOB_STATE_ERROR);
  EXPECT_EQ(job.error().hresult(), 0x80072F9Au);
  EXPECT_EQ(job.error().context(), v1::ERROR_CONTEXT_GENERAL_TRANSPORT);
}

TEST_F(NetworkSettingsTest, DelegatedCredentialsNeedTheirLevelAndMustBeOnes) {
  const bits::Client fetcher = Fetcher();
  const std::string id = CreateJob(fetcher);
  const bits::Handle handle = HandleFor(fetcher, id, "alice");
  const std::string sid = Demo("alice").sid;
  // The library sends nothing below the level.
  EXPECT_EQ(As("alice").DelegateHelperToken(handle, sid, "cache").status().code(),
            absl::StatusCode::kInvalidArgument);
  bits::ClientOptions options = *bitsd().ClientOptionsOf("alice");
  options.impersonation_level = bits::ImpersonationLevel::kDelegate;
  const bits::Client alice = *bits::Client::Connect(options);
  EXPECT_EQ(alice.DelegateHelperToken(handle, Demo("bob").sid, "cache").status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto refused = alice.DelegateHelperToken(handle, sid, "this is no credential cache");
  EXPECT_FALSE(refused.ok());
  EXPECT_FALSE(fetcher.GetJob(id)->has_helper_token_sid());
  EXPECT_TRUE(alice.SetHelperToken(handle, sid).ok()) << "without them it is as before";
}

/// The same with a key for the store.
class StoreKeyTest : public NetworkSettingsTest {
 protected:
  BitsdOptions Options() override {
    key_ = key_folder_.File("store.key");
    NewKey(std::string(32, 'k'));
    BitsdOptions options;
    options.config = "store_key_file: " + key_;
    return options;
  }

  void NewKey(const std::string& content, mode_t mode = 0600) {
    WriteFile(key_, content, mode);
    GiveTo(key_, kBitsdUser, kBitsdUser);
  }

  TempFolder key_folder_;
  std::string key_;
};

TEST_F(StoreKeyTest, APasswordOutlivesARestartAndIsNowhereInClear) {
  const std::string id = CreateJob(Fetcher());
  EXPECT_EQ(Fetcher().SetCredentials(Credential(id))->credentials(0).storage(),
            v1::CREDENTIAL_STORAGE_STORED);
  EXPECT_EQ(FileWith(kPassword), "");
  Restart();
  EXPECT_EQ(Fetcher().GetJob(id)->credentials(0).storage(), v1::CREDENTIAL_STORAGE_STORED);
  bitsd().Kill();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_EQ(Fetcher().GetJob(id)->credentials(0).storage(), v1::CREDENTIAL_STORAGE_STORED);
  EXPECT_EQ(FileWith(kPassword), "");
  EXPECT_EQ(FileWith(kUser), "");
  EXPECT_NE(FileWith(id), "") << "the search finds what is there";
}

TEST_F(StoreKeyTest, AnotherKeyLosesThePasswordAndNothingElse) {
  const std::string id = CreateJob(Fetcher());
  ASSERT_TRUE(AddFile(Fetcher(), id, "file", FolderOf("fetcher") + "/f").ok());
  ASSERT_TRUE(Fetcher().SetCredentials(Credential(id)).ok());
  ASSERT_TRUE(bitsd().Stop().ok());
  NewKey(std::string(32, 'x'));
  ASSERT_TRUE(bitsd().StartAgain().ok());
  const v1::Job job = *Fetcher().GetJob(id);
  EXPECT_EQ(job.credentials(0).storage(), v1::CREDENTIAL_STORAGE_LOST);
  EXPECT_EQ(job.progress().files_total(), 1u);
}

TEST_F(StoreKeyTest, AKeyThatIsNoneOrThatOthersCanReadStopsTheStart) {
  ASSERT_TRUE(bitsd().Stop().ok());
  NewKey(std::string(31, 'k'));
  EXPECT_THAT(std::string(bitsd().StartAgain().message()), HasSubstr("32 bytes"));
  EXPECT_NE(bitsd().CheckConfig().status, 0);
  NewKey(std::string(32, 'k'), 0644);
  EXPECT_THAT(std::string(bitsd().StartAgain().message()), HasSubstr("store.key"));
  NewKey(std::string(32, 'k'));
  EXPECT_TRUE(bitsd().StartAgain().ok());
}

TEST_F(StoreKeyTest, NoJobReachesTheKey) {
  const bits::Client fetcher = Fetcher();
  const std::string id = CreateJob(fetcher);
  EXPECT_EQ(ErrorText(AddFile(fetcher, id, "file", key_)), "E_ACCESSDENIED/path_protected");
}

}  // namespace
}  // namespace bitsd::tests
