#include "tests/testing/bitsd/bitsd_server.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <sstream>
#include <utility>

#include "tests/testing/wait.h"

namespace bitsd::tests {

absl::StatusOr<std::unique_ptr<BitsdServer>> BitsdServer::Start(BitsdOptions options) {
  std::unique_ptr<BitsdServer> server(new BitsdServer(std::move(options)));
  if (absl::Status status = server->Prepare(); !status.ok()) return status;
  if (absl::Status status = server->StartAgain(); !status.ok()) return status;
  return server;
}

absl::Status BitsdServer::Prepare() {
  folder_.MakeFolder("own", kBitsdUser, kBitsdUser);
  for (const char* name : {"own/state", "own/run", "own/log"}) {
    folder_.MakeFolder(name, kBitsdUser, kBitsdUser, 0700);
  }
  folder_.MakeFolder("etc", 0, 0);
  absl::StatusOr<std::unique_ptr<DemoPki>> pki =
      DemoPki::Create(folder_.File("pki"), options_.accounts);
  if (!pki.ok()) return pki.status();
  pki_ = *std::move(pki);
  GiveTo(pki_->server().key, kBitsdUser, kBitsdUser);
  if (options_.revocation_lists) {
    absl::Status status = pki_->WriteRevocationList(folder_.File("etc/crl.pem"));
    if (!status.ok()) return status;
  }
  WriteFile(folder_.File("etc/accounts.yaml"), AccountDirectoryYaml(options_.accounts));
  WriteFile(folder_.File("etc/bitsd.yaml"), Configuration());
  return absl::OkStatus();
}

std::string BitsdServer::Configuration() const {
  std::ostringstream yaml;
  yaml << "listen: \"" << options_.listen
       << "\"\ntls:\n  certificate: " << pki_->server().certificate
       << "\n  key: " << pki_->server().key << "\n  roots: " << pki_->roots()
       << (options_.revocation_lists ? "\n  crls: [" + folder_.File("etc/crl.pem") + "]" : "")
       << "\naccount_directory: " << folder_.File("etc/accounts.yaml")
       << "\nrun_as: {uid: " << kBitsdUser << ", gid: " << kBitsdUser
       << "}\nstate_dir: " << StateFolder() << "\nrun_dir: " << folder_.File("own/run")
       << "\nlog_dir: " << folder_.File("own/log") << "\nallowed_addresses: [";
  for (const std::string& address : options_.allowed_addresses) yaml << '"' << address << "\", ";
  yaml << "]\n" << options_.config << "\n";
  return yaml.str();
}

absl::Status BitsdServer::StartAgain() {
  const std::string endpoint_file = folder_.File("own/run/endpoint");
  ::unlink(endpoint_file.c_str());
  Command command{options_.program, folder_.File("bitsd.log"), "", std::nullopt};
  if (command.argv.empty()) command.argv = {BITSD_PROGRAM};
  for (const std::string& word : {std::string("--config"), folder_.File("etc/bitsd.yaml")}) {
    command.argv.push_back(word);
  }
  command.argv.insert(command.argv.end(), options_.flags.begin(), options_.flags.end());
  absl::StatusOr<Process> process = Process::Start(command);
  if (!process.ok()) return process.status();
  process_ = std::make_unique<Process>(*std::move(process));
  WaitFor([&] { return !ReadFile(endpoint_file).empty() || !process_->IsRunning(); },
          options_.patience);
  endpoint_ = ReadFile(endpoint_file);
  if (endpoint_.empty()) return absl::UnavailableError("bitsd did not start: " + Log());
  endpoint_.pop_back();  // The newline.
  return absl::OkStatus();
}

absl::Status BitsdServer::Stop() {
  const int status = process_->Stop(options_.patience).value_or(-1);
  if (status == 0) return absl::OkStatus();
  return absl::InternalError("bitsd ended with status " + std::to_string(status) + ": " + Log());
}

void BitsdServer::Kill() {
  // It leads its own session: server, broker and workers are in its group.
  ::kill(-process_->pid(), SIGKILL);
  process_->Wait();
  WaitFor([this] { return ::kill(-process_->pid(), 0) != 0; });
}

void BitsdServer::LoseStore() const {
  for (const auto& entry : std::filesystem::directory_iterator(StateFolder())) {
    std::filesystem::remove(entry);
  }
}

absl::StatusOr<bits::ClientOptions> BitsdServer::ClientOptionsOf(std::string_view name) const {
  const CertificateFiles files = pki_->Of(name);
  absl::StatusOr<bits::Identity> identity =
      bits::LoadIdentity(files.certificate, files.key, pki_->roots());
  if (!identity.ok()) return identity.status();
  bits::ClientOptions options;
  options.endpoint = endpoint_;
  options.identity = *std::move(identity);
  return options;
}

absl::StatusOr<bits::Client> BitsdServer::Connect(std::string_view name) const {
  absl::StatusOr<bits::ClientOptions> options = ClientOptionsOf(name);
  if (!options.ok()) return options.status();
  return bits::Client::Connect(*std::move(options));
}

Finished BitsdServer::Bitsctl(std::string_view name, std::vector<std::string> words,
                              const std::string& input) const {
  const CertificateFiles files = pki_->Of(name);
  std::vector<std::string> argv = {BITSCTL_PROGRAM,   "--endpoint", endpoint_, "--cert",
                                   files.certificate, "--key",      files.key, "--ca",
                                   pki_->roots()};
  argv.insert(argv.end(), std::make_move_iterator(words.begin()),
              std::make_move_iterator(words.end()));
  return Run(argv, folder_.path(), input);
}

absl::Status BitsdServer::Revoke(std::string_view name) {
  return pki_->WriteRevocationList(folder_.File("etc/crl.pem"), pki_->Of(name).certificate);
}

Finished BitsdServer::CheckConfig() const {
  return Run({BITSD_PROGRAM, "--check-config", "--config", folder_.File("etc/bitsd.yaml")},
             folder_.path());
}

std::vector<nlohmann::json> BitsdServer::Audit() const {
  std::istringstream log(ReadFile(folder_.File("own/log/audit.log")));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(log, line);) {
    nlohmann::json event = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    // The last line may still be on its way; only whole ones count.
    if (event.is_object()) lines.push_back(std::move(event));
  }
  return lines;
}

std::vector<nlohmann::json> BitsdServer::Audit(std::string_view event) const {
  std::vector<nlohmann::json> lines = Audit();
  std::erase_if(lines,
                [&](const nlohmann::json& line) { return line.value("event", "") != event; });
  return lines;
}

std::vector<nlohmann::json> BitsdServer::AwaitAudit(std::string_view event, size_t count) const {
  WaitFor([&] { return Audit(event).size() >= count; });
  return Audit(event);
}

}  // namespace bitsd::tests
