// What the library brings into a program.

#include <google/protobuf/descriptor.h>

#include "bitsd/client/client.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

// Protobuf ends a program that has two definitions of one message, and many have google.rpc.
TEST(LibraryTest, ItDefinesNoMessageOfGoogleRpc) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  EXPECT_NE(pool->FindMessageTypeByName("bits.v1.Job"), nullptr);
  EXPECT_EQ(pool->FindMessageTypeByName("google.rpc.Status"), nullptr);
  EXPECT_EQ(pool->FindMessageTypeByName("google.rpc.ErrorInfo"), nullptr);
}

}  // namespace
}  // namespace bits
