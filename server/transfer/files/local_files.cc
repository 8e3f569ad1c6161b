#include "server/transfer/files/local_files.h"

#include <optional>
#include <utility>

namespace bitsd {

LocalFiles::LocalFiles(const TransferContext& context, FileSync& syncs, DownloadTask task,
                       std::shared_ptr<DownloadEvents> events)
    : work_(context, std::move(task), std::move(events), *this),
      syncs_(work_, syncs),
      sink_(work_, syncs_),
      planner_(work_),
      watch_(work_, syncs_) {}

void LocalFiles::Start(std::weak_ptr<ContentSource> source) {
  work_.Begin(weak_from_this(), std::move(source));
  work_.Post([this] {
    if (work_.Active()) Begin();
  });
}

void LocalFiles::Begin() {
  work_.executor().Post(work_.Kept([this] {
    watch_.Start();
    syncs_.StartTimer();
  }));
  work_.reports().Phase(false);
  PrepareSource();
  planner_.OpenAhead();
  ReportEnd();
}

void LocalFiles::PrepareSource() {
  const auto source = work_.source();
  if (source == nullptr) return;
  std::optional<TransferFailure> failure;
  if (!work_.Watched([&] { failure = source->Prepare(work_.files()); })) return;
  if (failure) OnFailure(*failure);
}

void LocalFiles::OnWhole(const OpenFilePtr& file) {
  planner_.AdaptTo(*file);
  syncs_.OnWhole(file);
  planner_.OpenAhead();
}

void LocalFiles::OnSynced() {
  planner_.OpenAhead();
  // After the news of what was synced: what is shown never falls back.
  work_.reports().ShowFirst(work_.open());
  ReportEnd();
}

void LocalFiles::ReportEnd() {
  if (work_.Active() && planner_.AllOpened() && work_.open().empty()) work_.reports().Done();
}

void LocalFiles::OnFailure(const TransferFailure& failure) {
  if (!work_.Active()) return;
  work_.SetFailing();
  WindDown([this, failure] { work_.EndWith(failure); });
}

void LocalFiles::Stop(std::function<void()> stopped) {
  work_.SetStopping();
  work_.Post([this, stopped = std::move(stopped)] {
    WindDown([this, stopped] {
      work_.End();
      stopped();
    });
  });
}

void LocalFiles::WindDown(std::function<void()> last) {
  auto then = work_.Kept(
      [this, last = std::move(last)] { work_.Post([this, last] { syncs_.SyncForResume(last); }); });
  auto source = work_.source();
  // Without a source there is no network side any more.
  if (source == nullptr) return then();
  work_.executor().Post([source = std::move(source), then = std::move(then)] {
    source->Halt();
    then();
  });
}

}  // namespace bitsd
