// Certificate and key are replaced together, for a reader that does as gRPC does.

#include "server/rpc/tls_handover.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "server/base/unique_fd.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

std::string ReadWhole(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(file.get(), buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

std::time_t ModifiedAt(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? info.st_mtime : 0;
}

TEST(TlsHandoverTest, APairReadAsGrpcReadsItIsNeverOfTwoGenerations) {
  const auto numbered = [](int n) {
    const std::string text = std::to_string(n);
    return TlsMaterial{"certificate " + text, "key " + text, "roots"};
  };
  auto handover = TlsHandover::Create(numbered(0));
  ASSERT_TRUE(handover.ok()) << handover.status();
  const std::string path = (*handover)->pair_path();
  std::atomic<bool> over = false;
  std::atomic<int> torn = 0;
  std::atomic<int> whole = 0;
  std::thread reader([&] {
    while (!over) {
      // The order of gRPC's FileWatcherCertificateProvider; it takes what has one time throughout.
      const std::time_t key_before = ModifiedAt(path);
      const std::time_t certificate_before = ModifiedAt(path);
      const std::string key = ReadWhole(path);
      const std::string certificate = ReadWhole(path);
      const std::time_t key_after = ModifiedAt(path);
      const std::time_t certificate_after = ModifiedAt(path);
      if (key_before != key_after || certificate_before != certificate_after) continue;
      ++(key == certificate && key.find("certificate") == 0 ? whole : torn);
    }
  });
  for (int n = 1; n <= 20'000; ++n) ASSERT_TRUE((*handover)->Replace(numbered(n)).ok());
  ASSERT_TRUE(tests::WaitFor([&] { return whole > 100; }));
  over = true;
  reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace bitsd::rpc
