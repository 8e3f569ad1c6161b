// The lock of the durable store, when the process that has it is killed.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/store_fixture.h"

namespace bitsd {
namespace {

TEST(StoreLockTest, AProcessThatIsKilledLeavesNoLock) {
  DurableStore store;
  store.Close();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto opened = SqliteStore::Open(store.folder());
    if (write(ready[1], opened.ok() ? "y" : "n", 1) != 1) _exit(2);
    while (true) pause();
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(store.Open().ok()) << "the child has it";
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(store.Open().ok());
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace bitsd
