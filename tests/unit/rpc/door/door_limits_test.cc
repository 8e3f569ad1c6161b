// How many connections there may be, by the descriptors that a process has.

#include "server/rpc/door/door_limits.h"

#include "gtest/gtest.h"

namespace bitsd::rpc {
namespace {

TEST(DoorLimitsTest, HalfOfTheDescriptorsIsForOtherThings) {
  DoorLimits wanted;
  wanted.connections = 1000;
  wanted.per_address = 250;
  wanted.per_identity = 100;
  const DoorLimits fitting = FitInto(wanted, 512);
  EXPECT_EQ(fitting.connections, 128u);
  EXPECT_EQ(fitting.per_address, 64u);
  EXPECT_EQ(fitting.per_identity, 32u);
  const DoorLimits enough = FitInto(wanted, 65536);
  EXPECT_EQ(enough.connections, 1000u);
  EXPECT_EQ(enough.per_address, 250u);
  EXPECT_EQ(enough.per_identity, 100u);
}

}  // namespace
}  // namespace bitsd::rpc
