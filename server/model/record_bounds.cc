#include "server/model/record_bounds.h"

#include <algorithm>

namespace bitsd {
namespace {

void DropIfLong(HeapString& text) {
  if (text.str().size() > kMaxServerText) text = HeapString();
}

bool IsRuleName(const std::string& rule) {
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return rule.size() <= kMaxRuleName && std::all_of(rule.begin(), rule.end(), is_name);
}

size_t BytesOf(const TemporaryFile& file) { return sizeof(file) + file.path.size(); }

size_t BytesOf(const FileRecord& file) {
  const FileProgress& progress = file.progress;
  return sizeof(file) + file.remote_name.size() + file.local_name.size() +
         progress.version.tag.str().size() + progress.version.date.str().size() +
         progress.version.content_type.str().size() +
         progress.version.content_encoding.str().size() + progress.final_url.str().size() +
         (progress.temporary ? BytesOf(*progress.temporary) : 0);
}

}  // namespace

void Bound(JobError& error, size_t files) {
  if (error.http_status < 0 || error.http_status > kMaxHttpStatus) error.http_status = 0;
  if (error.message.size() > kMaxErrorMessage) error.message.resize(kMaxErrorMessage);
  if (!IsRuleName(error.rule)) error.rule.clear();
  if (error.file_index && *error.file_index >= files) error.file_index.reset();
}

void Bound(FileProgress& progress) {
  DropIfLong(progress.version.tag);
  DropIfLong(progress.version.date);
  DropIfLong(progress.version.content_type);
  DropIfLong(progress.version.content_encoding);
  DropIfLong(progress.final_url);
}

size_t BytesOf(const JobRecord& record) {
  size_t bytes = sizeof(record) + record.display_name.size() + record.description.str().size();
  for (const FileRecord& file : *record.files) bytes += BytesOf(file);
  for (const TemporaryFile& file : record.abandoned) bytes += BytesOf(file);
  if (record.error) bytes += sizeof(JobError) + record.error->message.size();
  if (record.network != nullptr) {
    const NetworkSettings& network = *record.network;
    bytes += sizeof(network) + network.proxy_list.size() + network.proxy_bypass.size();
  }
  return bytes;
}

}  // namespace bitsd
