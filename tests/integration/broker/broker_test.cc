// What jobs get from a real broker with real workers: files that belong to whom they should.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/integration/broker/broker_fixture.h"

namespace bitsd {
namespace {

std::string Temporary(const std::string& folder, int number = 0) {
  char name[32];
  std::snprintf(name, sizeof(name), ".BIT%016x.tmp", static_cast<unsigned>(number));
  return folder + "/" + name;
}

TEST_F(BrokerTest, AFinishedFileBelongsToItsIdentityAndCostsThreeMessages) {
  StartBroker();
  EXPECT_TRUE(client_->identity_switching());
  EXPECT_TRUE(client_->healthy());
  auto file = client_->CreateTemporary(Alice(), Temporary(alices_));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(Stat(Temporary(alices_)).st_mode, S_IFREG | 0600u);
  EXPECT_EQ(::write(file->fd.get(), "data", 4), 4);
  const absl::Time time = absl::FromUnixSeconds(1'400'000'000);
  const absl::Status published =
      client_->Publish(Alice(), Temporary(alices_), file->id, alices_ + "/file", time);
  ASSERT_TRUE(published.ok()) << published;
  EXPECT_EQ(client_->messages_sent(), 3u);
  EXPECT_TRUE(client_->SyncDirectory(Alice(), alices_).ok());
  const struct stat result = Stat(alices_ + "/file");
  EXPECT_EQ(result.st_uid, kAliceUid);
  EXPECT_EQ(result.st_gid, kAliceUid);
  EXPECT_EQ(result.st_mode, S_IFREG | 0644u);
  EXPECT_EQ(result.st_mtim.tv_sec, 1'400'000'000);
  EXPECT_EQ(result.st_size, 4);
}

std::vector<std::string> ManyTemporaries(const std::string& folder) {
  std::vector<std::string> paths;
  for (size_t i = 0; i < FileBroker::kMaxTogether; ++i) {
    paths.push_back(Temporary(folder, static_cast<int>(i)));
  }
  return paths;
}

TEST_F(BrokerTest, ManyFilesCostThreeMessagesTogether) {
  StartBroker();
  std::vector<OpenTemporary> created;
  const auto paths = ManyTemporaries(alices_);
  const absl::Status status = client_->CreateTemporaries(Alice(), paths, &created);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(created.size(), paths.size());
  std::vector<Publication> files;
  for (size_t i = 0; i < created.size(); ++i) {
    EXPECT_EQ(::write(created[i].fd.get(), "data", 4), 4);
    const std::string destination = alices_ + "/file" + std::to_string(i);
    files.push_back({paths[i], created[i].id, destination, absl::InfinitePast()});
  }
  std::vector<uint32_t> published;
  EXPECT_EQ(Refusal(client_->PublishFiles(Alice(), files, &published)), "ok");
  EXPECT_EQ(published.size(), files.size());
  EXPECT_EQ(client_->messages_sent(), 3u);
  for (const Publication& file : files) {
    EXPECT_TRUE(IsSameFile(IdOf(file.destination), file.id));
    EXPECT_EQ(Stat(file.destination).st_uid, kAliceUid);
  }
}

TEST_F(BrokerTest, FilesInTwoFoldersAndTooManyFilesAreNotSent) {
  const std::string other = folder_.MakeFolder("other", 0777);
  StartBroker();
  std::vector<OpenTemporary> created;
  EXPECT_EQ(Refusal(client_->CreateTemporaries(Alice(), {Temporary(alices_), Temporary(other)},
                                               &created)),
            "E_INVALIDARG");
  std::vector<std::string> crowd = ManyTemporaries(alices_);
  crowd.push_back(Temporary(alices_, 1000));
  EXPECT_EQ(Refusal(client_->CreateTemporaries(Alice(), crowd, &created)), "E_INVALIDARG");
  EXPECT_TRUE(created.empty());
  EXPECT_TRUE(std::filesystem::is_empty(alices_));
  auto file = client_->CreateTemporary(Alice(), Temporary(alices_));
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<uint32_t> published;
  const Publication here{Temporary(alices_), file->id, alices_ + "/a", absl::InfinitePast()};
  const Publication there{Temporary(alices_), file->id, other + "/a", absl::InfinitePast()};
  EXPECT_EQ(Refusal(client_->PublishFiles(Alice(), {here, there}, &published)), "E_INVALIDARG");
  EXPECT_TRUE(Exists(Temporary(alices_)));
}

TEST_F(BrokerTest, AFolderSwappedForALinkBetweenTwoMessagesIsRefused) {
  const std::string target = folder_.MakeFolder("target", 0777);
  const std::string jobs = folder_.MakeFolder("jobs", 0777);
  StartBroker();
  std::vector<OpenTemporary> created;
  ASSERT_TRUE(client_->CreateTemporaries(Alice(), {Temporary(jobs)}, &created).ok());
  std::filesystem::rename(jobs, folder_.File("aside"));
  std::filesystem::create_directory_symlink(target, jobs);
  EXPECT_EQ(Refusal(client_->CreateTemporaries(Alice(), {Temporary(jobs, 1)}, &created)),
            "path_is_link");
  EXPECT_EQ(Refusal(client_->Publish(Alice(), Temporary(jobs), created.front().id, jobs + "/file",
                                     absl::InfinitePast())),
            "path_is_link");
  EXPECT_TRUE(std::filesystem::is_empty(target));
}

TEST_F(BrokerTest, AnotherIdentityDoesNotTakeALeftoverForItsOwn) {
  const std::string shared = folder_.MakeFolder("shared", 01777);
  StartBroker();
  ASSERT_TRUE(client_->CreateTemporary(Alice(), Temporary(shared)).ok());
  EXPECT_EQ(Refusal(client_->RemoveTemporary(Bob(), Temporary(shared), {})), "file_replaced");
  EXPECT_EQ(Refusal(client_->RemoveTemporary(Alice(), Temporary(shared), {})), "ok");
  EXPECT_FALSE(Exists(Temporary(shared)));
}

TEST_F(BrokerTest, TheKernelRefusesWhatTheIdentityMayNot) {
  StartBroker();
  EXPECT_EQ(Refusal(client_->CheckDirectory(Bob(), bobs_)), "ok");
  const absl::Status refused = client_->CheckDirectory(Bob(), alices_);
  EXPECT_EQ(Refusal(refused), "not_permitted");
  EXPECT_NE(refused.message().find("uid 61002"), absl::string_view::npos) << refused;
  EXPECT_NE(refused.message().find(alices_), absl::string_view::npos) << refused;
  EXPECT_EQ(Refusal(client_->CreateTemporary(Bob(), Temporary(alices_)).status()), "not_permitted");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Bob(), folder_.path())), "not_permitted");
  EXPECT_EQ(Refusal(client_->SyncDirectory(Bob(), alices_)), "not_permitted");
}

TEST_F(BrokerTest, ASourceIsOpenedAsItsIdentityAndNotForAnother) {
  const std::string shared = folder_.MakeFolder("shared", 0777);
  const std::string path = folder_.MakeFile("shared/report", "figures");
  ASSERT_EQ(::chown(path.c_str(), kAliceUid, kAliceUid), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  StartBroker();
  const auto source = client_->OpenSource(Alice(), path);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE(IsSameFile(source->id, IdOf(path)));
  EXPECT_EQ(source->id.owner, kAliceUid);
  char text[8] = {};
  EXPECT_EQ(::read(source->fd.get(), text, sizeof(text)), 7);
  EXPECT_STREQ(text, "figures");
  EXPECT_EQ(::fcntl(source->fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  const absl::Status refused = client_->OpenSource(Bob(), path).status();
  EXPECT_EQ(Refusal(refused), "not_permitted");
  EXPECT_NE(refused.message().find("uid 61002"), absl::string_view::npos) << refused;
  EXPECT_EQ(Refusal(client_->OpenSource(Bob(), alices_ + "/report").status()), "not_permitted");
  EXPECT_EQ(Refusal(client_->OpenSource(Alice(), folder_.File("state/store")).status()),
            "path_protected");
}

TEST_F(BrokerTest, NobodyTouchesAnothersTemporaryFile) {
  const std::string shared = folder_.MakeFolder("shared", 01777);
  StartBroker();
  auto file = client_->CreateTemporary(Alice(), Temporary(shared));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(Refusal(client_->ReopenTemporary(Bob(), Temporary(shared), file->id).status()),
            "not_permitted");
  EXPECT_EQ(Refusal(client_->CheckTemporary(Bob(), Temporary(shared), file->id, shared + "/x", 0)),
            "not_permitted");
  EXPECT_EQ(
      Refusal(client_->CheckTemporary(Alice(), Temporary(shared), file->id, shared + "/x", 0)),
      "ok");
  EXPECT_EQ(Refusal(client_->Publish(Bob(), Temporary(shared), file->id, shared + "/x",
                                     absl::InfinitePast())),
            "not_permitted");
  EXPECT_EQ(Refusal(client_->RemoveTemporary(Bob(), Temporary(shared), file->id)), "not_permitted");
  EXPECT_TRUE(client_->ReopenTemporary(Alice(), Temporary(shared), file->id).ok());
  EXPECT_EQ(Refusal(client_->RemoveTemporary(Alice(), Temporary(shared), file->id)), "ok");
}

TEST_F(BrokerTest, AnotherDeviceNumberAfterARebootChangesNothing) {
  StartBroker();
  auto file = client_->CreateTemporary(Alice(), Temporary(alices_));
  ASSERT_TRUE(file.ok()) << file.status();
  file->id.device += 1;
  EXPECT_TRUE(client_->ReopenTemporary(Alice(), Temporary(alices_), file->id).ok());
  EXPECT_EQ(Refusal(client_->Publish(Alice(), Temporary(alices_), file->id, alices_ + "/file",
                                     absl::InfinitePast())),
            "ok");
  file = client_->CreateTemporary(Alice(), Temporary(alices_));
  ASSERT_TRUE(file.ok()) << file.status();
  file->id.device += 1;
  EXPECT_EQ(Refusal(client_->RemoveTemporary(Alice(), Temporary(alices_), file->id)), "ok");
  EXPECT_FALSE(Exists(Temporary(alices_)));
}

TEST_F(BrokerTest, ADestinationThatIsNoFileIsFoundBeforehand) {
  std::filesystem::create_directory(alices_ + "/folder");
  StartBroker();
  EXPECT_EQ(Refusal(client_->CheckDestinations(Alice(), alices_, {"file", "other"})), "ok");
  EXPECT_EQ(Refusal(client_->CheckDestinations(Alice(), alices_, {"file", "folder"})),
            "path_not_regular");
  EXPECT_EQ(Refusal(client_->CheckDestinations(Bob(), alices_, {"file"})), "not_permitted");
  EXPECT_EQ(Refusal(client_->CheckDestinations(Alice(), alices_, {".."})), "E_INVALIDARG");
  const std::string shared = folder_.MakeFolder("shared", 01777);
  ASSERT_EQ(::chown(folder_.MakeFile("shared/bobs").c_str(), kBobUid, kBobUid), 0);
  EXPECT_EQ(Refusal(client_->CheckDestinations(Alice(), shared, {"bobs"})), "not_permitted")
      << "the folder is sticky";
  EXPECT_EQ(Refusal(client_->CheckDestinations(Bob(), shared, {"bobs"})), "ok");
  const std::vector<std::string> most(FileBroker::kMaxTogether, "file");
  EXPECT_EQ(Refusal(client_->CheckDestinations(Alice(), alices_, most)), "ok");
}

TEST_F(BrokerTest, SupplementaryGroupsCountAsTheKernelCountsThem) {
  const std::string team = folder_.MakeFolder("team", 0, kTeamGid, 0770);
  StartBroker();
  EXPECT_EQ(Refusal(client_->CheckDirectory(Member(), team)), "ok");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), team)), "not_permitted");
}

TEST_F(BrokerTest, AFolderThatMayBeWrittenButNotReadIsSyncedToo) {
  const std::string box = folder_.MakeFolder("box", 0733);
  StartBroker();
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), box)), "ok");
  EXPECT_EQ(Refusal(client_->SyncDirectory(Alice(), box)), "ok");
}

TEST_F(BrokerTest, AUmaskThatHidesTheFileFromItsOwnerDoesNotBreakARepeat) {
  StartBroker();
  ActingIdentity strict = Alice();
  strict.umask = 0777;
  auto file = client_->CreateTemporary(strict, Temporary(alices_));
  ASSERT_TRUE(file.ok()) << file.status();
  // As if bitsd had been killed between mode and rename.
  ASSERT_EQ(::chmod(Temporary(alices_).c_str(), 0), 0);
  EXPECT_EQ(Refusal(client_->Publish(strict, Temporary(alices_), file->id, alices_ + "/file",
                                     absl::InfinitePast())),
            "ok");
  EXPECT_EQ(Stat(alices_ + "/file").st_mode, static_cast<mode_t>(S_IFREG));
}

TEST_F(BrokerTest, ProtectedFoldersAndLinksAreRefusedThroughTheWholeChain) {
  ASSERT_EQ(::chmod((folder_.File("state")).c_str(), 0777), 0);
  std::filesystem::create_directory_symlink(folder_.File("state"), folder_.File("link"));
  StartBroker();
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), folder_.File("state"))), "path_protected");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), folder_.File("link"))), "path_is_link");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), "/proc/self")), "pseudo_file_system");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), "../etc")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), std::string(10'000, 'a'))), "E_INVALIDARG");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), std::string("/a\0b", 4))), "E_INVALIDARG");
}

TEST_F(BrokerTest, OnlyIdentitiesOfTheBrokersOwnDirectoryAreServed) {
  StartBroker();
  ActingIdentity stranger = Identity(61999);
  ActingIdentity thief = Alice();
  thief.posix = Bob().posix;
  ActingIdentity joiner = Alice();
  joiner.posix.groups = {kTeamGid};
  for (const ActingIdentity& who : {stranger, thief, joiner}) {
    EXPECT_EQ(Refusal(client_->CheckDirectory(who, bobs_)), "unknown_identity");
  }
  EXPECT_EQ(Refusal(client_->CheckDirectory(Identity(-1), bobs_)), "unknown_identity");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Identity(0), bobs_)), "root_denied");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Identity(kServiceUid), bobs_)),
            "service_identity_denied");
  EXPECT_TRUE(ChildrenOf(broker_).empty());
}

TEST_F(BrokerTest, RootWithoutCapabilitiesIsServedOnlyWhenAllowed) {
  options_.allow_root = true;
  StartBroker();
  EXPECT_EQ(Refusal(client_->CheckDirectory(Identity(0), folder_.path())), "ok");
  EXPECT_EQ(Refusal(client_->CheckDirectory(Identity(0), alices_)), "not_permitted");
  EXPECT_EQ(StatusOf(OnlyWorker(), "CapEff"), "0000000000000000");
}

TEST_F(BrokerTest, AWorkerIsItsIdentityAndNothingMore) {
  StartBroker();
  ASSERT_EQ(Refusal(client_->CheckDirectory(Member(), "/tmp")), "ok");
  const pid_t worker = OnlyWorker();
  EXPECT_EQ(StatusOf(worker, "Uid"), "61003\t61003\t61003\t61003");
  EXPECT_EQ(StatusOf(worker, "Gid"), "61003\t61003\t61003\t61003");
  EXPECT_EQ(StatusOf(worker, "Groups"), "61050 ");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_EQ(StatusOf(worker, set), "0000000000000000") << set;
  }
  EXPECT_EQ(StatusOf(worker, "CapBnd"), "00000000000000c0");
  EXPECT_EQ(StatusOf(worker, "NoNewPrivs"), "1");
  EXPECT_EQ(StatusOf(worker, "Umask"), "0000");
  EXPECT_EQ(Stat("/proc/" + std::to_string(worker) + "/mem").st_uid, 0u) << "it can be dumped";
  const std::vector<std::string> descriptors = DescriptorsOf(worker);
  EXPECT_EQ(descriptors.size(), 5u) << testing::PrintToString(descriptors);
}

TEST_F(BrokerTest, TheBrokerKeepsTwoCapabilitiesOnly) {
  StartBroker();
  ASSERT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "ok");
  for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
    EXPECT_EQ(StatusOf(broker_, set), "00000000000000c0") << set;
  }
  EXPECT_EQ(StatusOf(broker_, "CapAmb"), "0000000000000000");
  EXPECT_EQ(StatusOf(broker_, "Uid"), "61000\t61000\t61000\t61000");
  EXPECT_EQ(StatusOf(broker_, "Groups"), "");
}

TEST_F(BrokerTest, ManyThreadsAndIdentitiesNeverMixTheirFiles) {
  const std::string shared = folder_.MakeFolder("shared", 01777);
  StartBroker();
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 40; ++i) {
        const int number = thread * 1000 + i;
        const ActingIdentity who = Identity(61100 + static_cast<uid_t>(number % 7));
        const std::string destination = shared + "/" + std::to_string(number);
        auto file = client_->CreateTemporary(who, Temporary(shared, number));
        ASSERT_TRUE(file.ok()) << file.status();
        ASSERT_EQ(Refusal(client_->Publish(who, Temporary(shared, number), file->id, destination,
                                           absl::InfinitePast())),
                  "ok");
        EXPECT_EQ(Stat(destination).st_uid, who.posix.uid);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ChildrenOf(broker_).size(), 7u);
}

TEST_F(BrokerTest, IdleWorkersAreBoundedAndDescriptorsDoNotLeak) {
  StartBroker();
  ASSERT_EQ(Refusal(client_->CheckDirectory(Identity(61100), "/tmp")), "ok");
  const size_t before = DescriptorsOf(broker_).size();
  const size_t ours = DescriptorsOf(::getpid()).size();
  for (uid_t uid = 61100; uid < 61300; ++uid) {
    EXPECT_EQ(Refusal(client_->CheckDirectory(Identity(uid), "/tmp")), "ok") << uid;
  }
  EXPECT_TRUE(Eventually([&] { return ChildrenOf(broker_).size() <= 128; }));
  EXPECT_LE(DescriptorsOf(::getpid()).size(), ours + 127);
  // The broker has one for each worker that lives, and one lived before. It may have been about to
  // close one more then.
  EXPECT_TRUE(Eventually(
      [&] { return DescriptorsOf(broker_).size() <= before - 1 + ChildrenOf(broker_).size(); }));
}

}  // namespace
}  // namespace bitsd
