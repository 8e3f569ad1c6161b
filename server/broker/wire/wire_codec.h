// How values become the bytes of a message and back: numbers in the machine's order, texts with
// their length in front.
//
// A reader that meets something too short or too long gives nothing more, and says so at its end.
// Thread safety: values.

#ifndef BITSD_SERVER_BROKER_WIRE_WIRE_CODEC_H_
#define BITSD_SERVER_BROKER_WIRE_WIRE_CODEC_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace bitsd::wire {

/// The longest text: two paths and words around them.
inline constexpr size_t kMaxText = 12'288;

class Writer {
 public:
  template <typename T>
  Writer& Number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  /// At most kMaxText of it.
  Writer& Text(std::string_view text) {
    text = text.substr(0, kMaxText);
    Number(static_cast<uint16_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  Writer& Bytes(std::string_view bytes) {
    bytes_.reserve(bytes_.size() + sizeof(uint32_t) + bytes.size());
    Number(static_cast<uint32_t>(bytes.size()));
    bytes_.append(bytes);
    return *this;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Number() {
    T value{};
    const std::string_view bytes = Next(sizeof(value));
    if (ok_) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  std::string Text(size_t limit) { return std::string(Sized(Number<uint16_t>(), limit)); }
  /// What Writer::Bytes wrote; a part of what is read.
  std::string_view Bytes(size_t limit) { return Sized(Number<uint32_t>(), limit); }

  /// Everything was read, and nothing is left.
  bool Finished() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  std::string_view Sized(size_t size, size_t limit) {
    if (size > limit) ok_ = false;
    return Next(size);
  }
  std::string_view Next(size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// Of a status made by error/errors.h what a peer needs to make it again.
void WriteStatus(const absl::Status& status, Writer* writer);

/// The same status with a message that clients and logs can show, whoever wrote it. Nothing for one
/// that none of these messages answers with.
std::optional<absl::Status> ReadStatus(Reader* reader);

}  // namespace bitsd::wire

#endif  // BITSD_SERVER_BROKER_WIRE_WIRE_CODEC_H_
