#include <fstream>
#include <string>
#include <vector>

#include "tests/bench/benches.h"
#include "tests/bench/must.h"
#include "tests/bench/transfer_rig.h"
#include "tests/testing/servers/apache.h"
#include "tests/testing/servers/kdc.h"
#include "tests/testing/servers/tls_files.h"

namespace bitsd::bench {
namespace {

constexpr size_t kFiles = 1000;
constexpr size_t kSmallFile = 4096;

/// A KDC, a web server that wants Negotiate for every request, and jobs with implicit credentials.
class KerberosRig {
 public:
  KerberosRig() : rig_(Options()) {
    rig_.prepare = [](const bits::Client& owner, const std::string& job) {
      bits::v1::SetCredentialsRequest request;
      request.set_job_id(job);
      request.set_target(bits::v1::AUTH_TARGET_SERVER);
      request.set_scheme(bits::v1::AUTH_SCHEME_NEGOTIATE);
      Must(owner.SetCredentials(request));
    };
    Must(kdc_->WriteCache(TransferRig::kOwner, keys_.File("curl.cc")));
  }

  TransferRig& rig() { return rig_; }

  Transfer Put(const std::string& name, size_t size) {
    web_->web().PutRandom(name, size);
    return {web_->Url("neg/" + name), rig_.folder() + "/" + name};
  }

  /// curl with the same principal's tickets, and these words.
  std::string Curl(const std::string& words) const {
    return "KRB5_CONFIG=" + kdc_->config() + " KRB5CCNAME=FILE:" + keys_.File("curl.cc") +
           " curl -sSf --negotiate -u : " + words;
  }

 private:
  tests::BitsdOptions Options() const {
    tests::BitsdOptions options;
    options.program = {"/usr/bin/env", "KRB5_CONFIG=" + kdc_->config(), BITSD_PROGRAM};
    const std::string keytab = keys_.File("owner.keytab");
    Must(kdc_->WriteKeytab(TransferRig::kOwner, keytab));
    tests::GiveTo(keytab, tests::kBitsdUser, tests::kBitsdUser);
    for (tests::DemoIdentity& who : options.accounts) {
      if (who.name != TransferRig::kOwner) continue;
      who.network =
          "{kerberos: {principal: " + who.name + "@" + tests::kRealm + ", keytab: " + keytab + "}}";
    }
    options.allowed_addresses = {web_->web().Address()};
    options.config =
        "log_level: warning\nnetwork: {implicit_hosts: [localhost]}\nlimits: {files_per_job: " +
        std::to_string(kFiles) + "}";
    return options;
  }

  const std::unique_ptr<tests::Kdc> kdc_ = Must(tests::Kdc::Start());
  const tests::TlsFiles tls_;
  const std::unique_ptr<tests::AuthServer> web_ = Must(tests::AuthServer::Start(*kdc_, tls_));
  const tests::TempFolder keys_;
  TransferRig rig_;
};

}  // namespace

std::vector<Result> KerberosDownload(const Settings& settings) {
  KerberosRig bench;
  const Transfer file = bench.Put("large", settings.download_bytes / 4);
  const std::string curl =
      bench.Curl("-o " + file.path + " " + file.url + " && sync -d " + file.path);
  const auto pairs = Interleave(
      settings.pairs, [&] { return bench.rig().RunJobs({{file}}); },
      [&] { return bench.rig().RunCommand(curl); });
  return {ThroughputOf({"kerberos_download", Better::kHigher, 0.95}, pairs,
                       settings.download_bytes / 4)};
}

std::vector<Result> KerberosSmallFiles(const Settings& settings) {
  KerberosRig bench;
  TransferRig& rig = bench.rig();
  std::vector<Transfer> files;
  std::ofstream list(rig.scratch().File("curl.conf"));
  for (size_t i = 0; i < kFiles; ++i) {
    files.push_back(bench.Put("small" + std::to_string(i), kSmallFile));
    list << "url = " << files.back().url << "\noutput = " << files.back().path << "\n";
  }
  list.close();
  const std::string curl = bench.Curl("-K " + rig.scratch().File("curl.conf") + " && cd " +
                                      rig.folder() + " && sync -d small*");
  const auto pairs = Interleave(
      settings.pairs, [&] { return rig.RunJobs({files}); }, [&] { return rig.RunCommand(curl); });
  return {RatioOf({"kerberos_small", Better::kLower, 1.0}, pairs, 0, 1, "s")};
}

}  // namespace bitsd::bench
