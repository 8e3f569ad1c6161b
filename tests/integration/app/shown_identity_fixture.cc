#include "tests/integration/app/shown_identity_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

#include "tests/testing/credential_caches.h"

namespace bitsd::tests {
namespace {

namespace v1 = bits::v1;

template <typename T>
T Need(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << "\n";
  std::abort();
}

/// What the directory says of `principal`, whose keytab is made.
std::string Kerberos(const Kdc& kdc, const TempFolder& secrets, const std::string& principal) {
  const std::string path = secrets.File(principal + ".keytab");
  EXPECT_TRUE(kdc.WriteKeytab(principal, path).ok()) << principal;
  GiveTo(path, kBitsdUser, kBitsdUser);
  return "kerberos: {principal: " + principal + "@" + kRealm + ", keytab: " + path + "}";
}

}  // namespace

ShownIdentityTest::Servers::Servers()
    : kdc(Need(Kdc::Start())),
      web(Need(AuthServer::Start(*kdc, tls))),
      proxy(Need(Squid::Start(*kdc, Squid::Asks::kNegotiate))) {
  EXPECT_TRUE(kdc->Admin({"addprinc -randkey admin", "addprinc -randkey lowadmin",
                          "addprinc -randkey mallory", "addprinc -randkey root/admin"})
                  .ok());
  WriteFile(secrets.File("alice.password"), std::string(kAliceNtlm) + "\n", 0600);
  GiveTo(secrets.File("alice.password"), kBitsdUser, kBitsdUser);
  std::filesystem::permissions(secrets.path(), std::filesystem::perms(0755));
}

ShownIdentityTest::Servers& ShownIdentityTest::servers() {
  static Servers servers;
  return servers;
}

void ShownIdentityTest::SetUp() {
  BitsdTest::SetUp();
  if (!IsSkipped()) proxy_seen_ = servers().proxy->Log().size();
}

BitsdOptions ShownIdentityTest::Options() {
  BitsdOptions options;
  options.program = {"/usr/bin/env", "KRB5_CONFIG=" + kdc().config(), BITSD_PROGRAM};
  const TempFolder& secrets = servers().secrets;
  for (DemoIdentity& who : options.accounts) {
    if (who.name == "rawadmin" || who.name == "backup") continue;
    if (who.name == "mallory") {
      who.network =
          "{delegated: [{principal: mallory@TEST.LOCAL}, "
          "{principal: root/admin@TEST.LOCAL, administrator: true}]}";
      continue;
    }
    const std::string ntlm = who.name != "alice" ? ""
                                                 : ", ntlm: {domain: TEST, user: alice, "
                                                   "password_file: " +
                                                       secrets.File("alice.password") + "}";
    who.network = "{" + Kerberos(kdc(), secrets, who.name) + ntlm + "}";
    if (who.filtered_uid != 0) {
      who.filtered_network = "{" + Kerberos(kdc(), secrets, "low" + who.name) + "}";
    }
  }
  for (const uint16_t port : auth().Ports()) {
    options.allowed_addresses.push_back("127.0.0.1:" + std::to_string(port));
  }
  options.allowed_addresses.push_back("127.0.0.1:" + std::to_string(servers().proxy->port()));
  options.config =
      "network: {hosts: [localhost], implicit_hosts: [localhost], implicit_proxies: [localhost], "
      "ca_file: " +
      servers().tls.ca_file() + "}\n";
  return options;
}

std::string ShownIdentityTest::Serve(const std::string& name, const std::string& place, bool tls,
                                     size_t size) {
  auth().web().PutRandom(name, size);
  const std::string path = place + "/" + name;
  return tls ? auth().TlsUrl(path) : auth().Url(path);
}

void ShownIdentityTest::Set(const bits::Client& owner, const std::string& job,
                            v1::AuthTarget target, v1::AuthScheme scheme, const std::string& user,
                            const std::string& password) {
  v1::SetCredentialsRequest request;
  request.set_job_id(job);
  request.set_target(target);
  request.set_scheme(scheme);
  request.set_user_name(user);
  request.set_password(password);
  const absl::Status status = owner.SetCredentials(request).status();
  EXPECT_TRUE(status.ok()) << status;
}

std::string ShownIdentityTest::Prepare(const bits::Client& owner, const Plan& plan) {
  const std::string job = CreateJob(owner, plan.priority);
  Set(owner, job, v1::AUTH_TARGET_SERVER, v1::AUTH_SCHEME_NEGOTIATE);
  Set(owner, job, v1::AUTH_TARGET_PROXY, v1::AUTH_SCHEME_NEGOTIATE);
  if (plan.proxy) {
    v1::UpdateJobRequest request;
    request.mutable_job()->set_id(job);
    request.mutable_job()->mutable_proxy_settings()->set_usage(v1::PROXY_USAGE_OVERRIDE);
    request.mutable_job()->mutable_proxy_settings()->set_list(servers().proxy->Address());
    request.mutable_update_mask()->add_paths("proxy_settings");
    const absl::Status status = owner.UpdateJob(request).status();
    EXPECT_TRUE(status.ok()) << status;
  }
  const bits::Handle handle = HandleFor(owner, job, plan.helper.empty() ? plan.owner : plan.helper);
  EXPECT_TRUE(owner.SetHelperTokenFlags(handle, plan.flags).ok());
  if (!plan.helper.empty()) {
    const absl::Status lent =
        As(plan.helper).SetHelperToken(handle, Demo(plan.helper).sid).status();
    EXPECT_TRUE(lent.ok()) << lent;
  }
  return job;
}

void ShownIdentityTest::AddUrl(const bits::Client& owner, const std::string& job,
                               const std::string& url, const std::string& path) {
  v1::AddFileSetRequest request;
  request.set_job_id(job);
  request.add_files()->set_remote_name(url);
  request.mutable_files(0)->set_local_name(path);
  const absl::Status status = owner.AddFileSet(request).status();
  EXPECT_TRUE(status.ok()) << status;
}

std::string ShownIdentityTest::Download(const Plan& plan, const std::string& url) {
  const bits::Client owner = As(plan.owner);
  const std::string job = Prepare(owner, plan);
  const std::string path = FolderOf(plan.folder) + url.substr(url.rfind('/'));
  AddUrl(owner, job, url, path);
  EXPECT_TRUE(owner.Resume(job).ok());
  WaitForState(owner, job, v1::JOB_STATE_TRANSFERRED);
  const absl::Status done = owner.Complete(job).status();
  EXPECT_TRUE(done.ok()) << done;
  return path;
}

std::string ShownIdentityTest::ErrorOfRun(const bits::Client& owner, const std::string& job) {
  EXPECT_TRUE(owner.Resume(job).ok());
  const v1::Job failed = WaitForState(owner, job, v1::JOB_STATE_ERROR);
  const std::string rule = failed.error().rule();
  return failed.error().reason() + (rule.empty() ? "" : "/" + rule);
}

ShownIdentityTest::Names ShownIdentityTest::ShownToServer(const std::string& name) const {
  Names names;
  for (const Request& request : auth().web().Requests()) {
    if (request.status / 100 != 2 || !request.path.ends_with("/" + name)) continue;
    names.insert(request.user.empty() ? "-" : request.user);
  }
  return names;
}

bool ShownIdentityTest::AnythingShown(const std::string& name) const {
  for (const Request& request : auth().web().Requests()) {
    if (request.path.ends_with("/" + name) && !request.authorization.empty()) return true;
  }
  return false;
}

ShownIdentityTest::Names ShownIdentityTest::ShownToProxy(const std::string& text) const {
  const std::vector<std::string> log = servers().proxy->Log();
  Names names;
  for (size_t i = proxy_seen_; i < log.size(); ++i) {
    if (log[i].find(text) != std::string::npos) names.insert(log[i].substr(0, log[i].find(' ')));
  }
  return names;
}

std::string ShownIdentityTest::TicketsOf(const std::string& principal, std::string* key) {
  const TempFolder folder;
  const std::string path = folder.File("tickets");
  EXPECT_TRUE(kdc().WriteCache(principal, path).ok()) << principal;
  if (key != nullptr) *key = TgtKey(path);
  return ReadFile(path);
}

bits::Client ShownIdentityTest::Delegating(const std::string& name) {
  bits::ClientOptions options = Need(bitsd().ClientOptionsOf(name));
  options.impersonation_level = bits::ImpersonationLevel::kDelegate;
  return Need(bits::Client::Connect(std::move(options)));
}

std::string ShownIdentityTest::FileWith(const std::string& text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bitsd().folder().path())) {
    if (entry.is_regular_file() && ReadFile(entry.path()).find(text) != std::string::npos) {
      return entry.path();
    }
  }
  return "";
}

}  // namespace bitsd::tests
