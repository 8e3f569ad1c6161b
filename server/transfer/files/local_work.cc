#include "server/transfer/files/local_work.h"

#include <utility>

namespace bitsd {

LocalWork::LocalWork(const TransferContext& context, DownloadTask task,
                     std::shared_ptr<DownloadEvents> events, Parts& parts)
    : context_(context),
      task_(std::move(task)),
      files_(context.broker, context.audit, task_.job, task_.owner),
      parts_(parts),
      strand_(context.disks.NewStrand(task_.owner.ToString())),
      reports_(std::move(events), task_.progress) {}

void LocalWork::Begin(std::weak_ptr<void> owner, std::weak_ptr<ContentSource> source) {
  owner_ = std::move(owner);
  source_ = std::move(source);
}

std::function<void()> LocalWork::IfAlive(std::function<void()> task) const {
  return [weak = owner_, task = std::move(task)] {
    if (const auto owner = weak.lock()) task();
  };
}

void LocalWork::PostToSource(std::function<void(ContentSource&)> call) {
  if (auto there = source()) {
    context_.executor.Post([there = std::move(there), call = std::move(call)] { call(*there); });
  }
}

void LocalWork::EndWith(const TransferFailure& failure) {
  if (reports_.ended()) return;
  open_.Close();
  reports_.Failed(failure);
}

void LocalWork::End() {
  reports_.End();
  over_ = true;
  open_.Close();
}

}  // namespace bitsd
