// How much may wait for one identity.

#include "server/transfer/files/identity_strands.h"

#include <chrono>
#include <future>

#include "gtest/gtest.h"

namespace bitsd {
namespace {

TEST(IdentityStrandsTest, RefusesWhatIsOverTheBoundOfOneIdentityOnly) {
  DiskPool pool(4);
  IdentityStrands strands(pool, 2);
  const Sid alice(5, {21, 1, 2, 3, 1001});
  const Sid bob(5, {21, 1, 2, 3, 1002});
  std::promise<void> release;
  std::promise<void> done;
  const std::shared_future<void> released = release.get_future().share();
  EXPECT_TRUE(strands.Post(alice, [released] { released.wait(); }));
  EXPECT_TRUE(strands.Post(alice, [] {}));
  EXPECT_FALSE(strands.Post(alice, [] {}));
  EXPECT_TRUE(strands.Post(bob, [&done] { done.set_value(); }));
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  release.set_value();
}

}  // namespace
}  // namespace bitsd
