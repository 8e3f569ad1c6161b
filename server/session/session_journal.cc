#include "server/session/session_journal.h"

#include <utility>

#include "server/base/retry_backoff.h"

namespace bitsd {

void SessionJournal::Keep(SessionPtr session) {
  const SessionId id = session->id();
  Enqueue({id, std::move(session), nullptr});
}

void SessionJournal::Add(SessionPtr session, std::function<void(absl::Status)> done) {
  const SessionId id = session->id();
  Enqueue({id, std::move(session), std::move(done)});
}

void SessionJournal::Erase(const SessionId& id, WaitGroupPtr wait_group) {
  std::function<void(absl::Status)> done;
  if (wait_group != nullptr) {
    done = [wait_group = std::move(wait_group)](const absl::Status& s) { wait_group->Note(s); };
  }
  Enqueue({id, nullptr, std::move(done)});
}

void SessionJournal::Enqueue(Entry entry) {
  {
    const std::lock_guard lock(mutex_);
    EnqueueLocked(std::move(entry));
  }
  Commit();
}

void SessionJournal::EnqueueLocked(Entry entry) {
  const bool keeps = entry.session != nullptr && entry.done == nullptr;
  if (keeps && !kept_.insert(entry.session).second) return;
  waiting_.push_back(std::move(entry));
}

void SessionJournal::Commit() {
  Entries batch;
  std::vector<StoreChange> changes;
  {
    const std::lock_guard lock(mutex_);
    if (committing_ || waiting_.empty()) return;
    committing_ = true;
    batch.swap(waiting_);
    kept_.clear();
  }
  for (const Entry& entry : batch) {
    StoreChange change;
    if (entry.session == nullptr) {
      change.erase_session = entry.id;
    } else if (entry.session->is_open()) {
      change.put_session = entry.session->Record();
    } else {
      continue;  // Its erasure comes behind.
    }
    changes.push_back(std::move(change));
  }
  if (changes.empty()) return OnCommitted(std::move(batch), absl::OkStatus());
  store_.Commit(std::move(changes),
                [self = shared_from_this(), batch = std::move(batch)](const absl::Status& status) {
                  self->OnCommitted(batch, status);
                });
}

void SessionJournal::OnCommitted(Entries batch, const absl::Status& status) {
  std::optional<absl::Duration> again;
  {
    const std::lock_guard lock(mutex_);
    committing_ = false;
    failures_ = status.ok() ? 0 : failures_ + 1;
    if (!status.ok()) {
      for (const Entry& entry : batch) {
        const bool once = entry.session != nullptr && entry.done != nullptr;
        if (!once) EnqueueLocked({entry.id, entry.session, nullptr});
      }
      if (!waiting_.empty()) again = StoreBackoff(failures_);
    }
  }
  for (Entry& entry : batch) {
    if (entry.done != nullptr) entry.done(status);
    entry.done = nullptr;
  }
  if (status.ok()) return Commit();
  if (!again) return;
  timer_.After(*again, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Commit();
  });
}

}  // namespace bitsd
