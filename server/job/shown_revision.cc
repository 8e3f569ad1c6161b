#include "server/job/shown_revision.h"

#include <vector>

#include "absl/hash/hash.h"

namespace bitsd {
namespace {

uint64_t DigestOf(const std::vector<CredentialView>& credentials) {
  uint64_t digest = 0;
  for (const CredentialView& one : credentials) {
    digest = absl::HashOf(digest, one.target, one.scheme, one.implicit, one.storage);
  }
  return digest;
}

uint64_t DigestOf(const JobView& view) {
  const JobRecord& record = *view.record;
  const bool has_error = record.error.has_value();
  return absl::HashOf(record.revision, view.state, view.waiting_for, view.bytes_total,
                      view.bytes_transferred, view.files_transferred,
                      view.token_sid.has_value() ? view.token_sid->ToString() : "",
                      view.token_expires.value_or(absl::InfinitePast()), view.token_ends_soon,
                      view.token_scope.get(), record.token_flags, record.error_count,
                      has_error ? static_cast<uint32_t>(record.error->hresult) : 0U,
                      DigestOf(view.credentials), view.client_certificate.has_value());
}

}  // namespace

uint64_t ShownRevision::Of(const JobView& view, uint64_t edited) {
  const uint64_t digest = DigestOf(view);
  const bool first = digest_ == 0;
  if (digest == digest_) return shown_;
  digest_ = digest;
  shown_ = std::max(shown_ + (first ? 0 : 1), view.record->revision);
  if (edited != edited_) {
    edited_ = edited;
    since_ = shown_;
  }
  return shown_;
}

}  // namespace bitsd
