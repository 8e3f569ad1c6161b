// What a source receives is handed to the sink in chunks, and none of it twice or too late.

#include "server/transfer/common/content_writer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bitsd {
namespace {

constexpr size_t kMaxBacklog = 1000;

/// Runs what is posted when it is told to.
class FakeExecutor final : public Executor {
 public:
  void Post(std::function<void()> task) override { task(); }
  Delayed PostAfter(std::chrono::milliseconds, std::function<void()> task) override {
    delayed_.push_back(std::move(task));
    return {};
  }
  void Cancel(const Delayed&) override {}

  void RunDelayed() {
    for (const auto& task : std::exchange(delayed_, {})) task();
  }

 private:
  std::vector<std::function<void()>> delayed_;
};

class FakeSink final : public ContentSink {
 public:
  void Write(FileStep step) override { steps.push_back(std::move(step)); }
  void SetPhase(bool) override {}
  size_t Backlog() const override { return backlog; }
  bool AwaitDrain() override { return drains_later; }
  void Fail(TransferFailure) override {}

  std::vector<FileStep> steps;
  size_t backlog = 0;
  bool drains_later = true;
};

class ContentWriterTest : public ::testing::Test {
 protected:
  std::string Written() const {
    std::string text;
    for (const FileStep& step : sink_->steps) {
      if (step.chunk != nullptr) text.append(step.chunk->data.get(), step.chunk->size);
    }
    return text;
  }

  FakeExecutor executor_;
  const std::shared_ptr<FakeSink> sink_ = std::make_shared<FakeSink>();
  const std::shared_ptr<ContentWriter> writer_ =
      std::make_shared<ContentWriter>(executor_, std::make_shared<ChunkPool>(), kMaxBacklog, sink_);
};

ContentStart From(uint64_t offset) {
  ContentStart start;
  start.offset = offset;
  return start;
}

TEST_F(ContentWriterTest, WhatASlowSourceGivesIsHandedOnAfterAMoment) {
  writer_->Start(3, From(10));
  writer_->Append("some ");
  writer_->Append("bytes");
  EXPECT_TRUE(sink_->steps.empty());
  executor_.RunDelayed();
  ASSERT_EQ(sink_->steps.size(), 1u);
  EXPECT_EQ(sink_->steps[0].index, 3u);
  EXPECT_EQ(sink_->steps[0].start->offset, 10u);
  EXPECT_EQ(sink_->steps[0].offset, 10u);
  EXPECT_EQ(Written(), "some bytes");
  EXPECT_EQ(writer_->offset(), 20u);
}

TEST_F(ContentWriterTest, AFullChunkIsHandedOnAtOnce) {
  const std::string data(Chunk::kCapacity + 1, 'x');
  writer_->Start(0, From(0));
  writer_->Append(data);
  ASSERT_EQ(sink_->steps.size(), 1u);
  EXPECT_EQ(sink_->steps[0].chunk->size, Chunk::kCapacity);
  writer_->Finish(0);
  ASSERT_EQ(sink_->steps.size(), 2u);
  EXPECT_FALSE(sink_->steps[1].start) << "a file is started once";
  EXPECT_EQ(sink_->steps[1].offset, Chunk::kCapacity);
  EXPECT_TRUE(sink_->steps[1].finish);
  EXPECT_EQ(Written(), data);
}

TEST_F(ContentWriterTest, ANewStartDropsWhatWasNotHandedOn) {
  writer_->Start(0, From(0));
  writer_->Append("of another version");
  writer_->Start(0, From(5));
  writer_->Flush();
  ASSERT_EQ(sink_->steps.size(), 1u);
  EXPECT_EQ(sink_->steps[0].start->offset, 5u);
  EXPECT_EQ(sink_->steps[0].chunk, nullptr);
}

TEST_F(ContentWriterTest, AnEmptyFileHasAStartAndAnEnd) {
  writer_->Start(7, From(0));
  writer_->Finish(7);
  ASSERT_EQ(sink_->steps.size(), 1u);
  EXPECT_TRUE(sink_->steps[0].start);
  EXPECT_TRUE(sink_->steps[0].finish);
}

TEST_F(ContentWriterTest, TheSourceWaitsWhileTheDiskIsBehind) {
  EXPECT_FALSE(writer_->MustWait());
  sink_->backlog = kMaxBacklog;
  writer_->Start(0, From(0));
  EXPECT_TRUE(writer_->MustWait());
  EXPECT_EQ(sink_->steps.size(), 1u) << "what is here is not kept from the disk meanwhile";
  sink_->drains_later = false;
  EXPECT_FALSE(writer_->MustWait()) << "the backlog fell in between";
}

TEST_F(ContentWriterTest, WhatIsGivenUpIsNoFile) {
  writer_->GiveUp(2, /*forget=*/true, /*doubt=*/false);
  writer_->Flush();
  ASSERT_EQ(sink_->steps.size(), 1u);
  EXPECT_EQ(sink_->steps[0].index, 2u);
  EXPECT_TRUE(sink_->steps[0].forget);
  EXPECT_FALSE(sink_->steps[0].doubt);
}

TEST_F(ContentWriterTest, NothingIsHandedOnOnceItIsClosed) {
  writer_->Start(0, From(0));
  writer_->Append("bytes");
  writer_->Close();
  executor_.RunDelayed();
  EXPECT_TRUE(sink_->steps.empty());
}

}  // namespace
}  // namespace bitsd
