// YAML as bitsd's own files may use it, and nothing more of it.
//
// One document of maps, lists and plain values. Refused with the line: keys given twice, unknown
// keys, missing keys, wrong types, aliases, anchors, tags, a second document, more than a million
// values. yaml-cpp reads the text; its exceptions end here.
//
// A file is read with Parse into a tree of TreeNodes; Fields takes a map's keys out of it by
// readers (Text, Bool, Integer, ListOf, ...), which report to Errors: readers need no error
// handling of their own. Thread safety: values; Errors belongs to one thread.

#ifndef BITSD_SERVER_BASE_STRICT_YAML_H_
#define BITSD_SERVER_BASE_STRICT_YAML_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bitsd::yaml {

struct TreeNode {
  enum class Kind { kNull, kText, kList, kMap };

  int line = 1;  ///< From 1, as the column.
  int column = 1;
  Kind kind = Kind::kNull;
  bool quoted = false;          ///< kText: written in quotes, so never a number or a truth value.
  std::string text;             ///< kText.
  std::vector<TreeNode> items;  ///< kList: its values. kMap: key, value, key, value, ...
};

/// Collects what is wrong with the file called `file`: the first reports, one for each place.
class Errors {
 public:
  static constexpr size_t kMaxReports = 20;

  explicit Errors(std::string file) : file_(std::move(file)) {}

  void Add(const TreeNode& node, std::string_view message) { Add(node.line, node.column, message); }
  void Add(int line, int column, std::string_view message);

  bool ok() const { return reports_.empty(); }
  /// More would not be kept.
  bool full() const { return reports_.size() >= kMaxReports; }
  /// OK, or E_INVALIDARG with a line "FILE:LINE:COLUMN: message" for each report.
  absl::Status status() const;

 private:
  std::string file_;
  std::vector<std::string> reports_;
};

/// The contents of a regular file of at most `max_bytes`; E_INVALIDARG otherwise.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);

/// The tree of `content`, which is called `file` in errors. An empty document is an empty map.
std::optional<TreeNode> Parse(const std::string& content, Errors& errors);

std::optional<std::string> Text(const TreeNode& node, Errors& errors);
/// true or false, without quotes.
std::optional<bool> Bool(const TreeNode& node, Errors& errors);
/// Decimal digits without quotes or leading zeros.
std::optional<uint64_t> Number(const TreeNode& node, Errors& errors, uint64_t min, uint64_t max);

/// Reader of a number from `min` to `max`.
template <typename T>
auto Integer(uint64_t min, uint64_t max) {
  return [=](const TreeNode& node, Errors& errors) -> std::optional<T> {
    const std::optional<uint64_t> value = Number(node, errors, min, max);
    if (!value) return std::nullopt;
    return static_cast<T>(*value);
  };
}

/// True if `node` is a list of at most `max` values; otherwise reports.
bool IsList(const TreeNode& node, Errors& errors, size_t max);

/// Reader of a list of at most `max` values, each read by `read`.
template <typename Reader>
auto ListOf(Reader read, size_t max) {
  using T = typename std::invoke_result_t<Reader, const TreeNode&, Errors&>::value_type;
  return [=](const TreeNode& node, Errors& errors) -> std::optional<std::vector<T>> {
    if (!IsList(node, errors, max)) return std::nullopt;
    std::vector<T> values;
    values.reserve(node.items.size());
    for (const TreeNode& item : node.items) {
      std::optional<T> value = read(item, errors);
      if (!value) return std::nullopt;
      values.push_back(*std::move(value));
    }
    return values;
  };
}

/// The keys of one map.
class Fields {
 public:
  /// Reports when `node` is no map or has a key that is not in `known`.
  Fields(const TreeNode& node, Errors& errors, std::initializer_list<std::string_view> known);

  /// The value of `key`, or nullptr.
  const TreeNode* Find(std::string_view key) const;

  /// Sets `out` if the key is there. True if it is and its value is good.
  template <typename T, typename Reader>
  bool Optional(std::string_view key, T& out, Reader read) const {
    const TreeNode* value = Find(key);
    return value != nullptr && Set(*value, out, read);
  }

  /// As Optional, but reports a key that is missing.
  template <typename T, typename Reader>
  bool Required(std::string_view key, T& out, Reader read) const {
    const TreeNode* value = FindRequired(key);
    return value != nullptr && Set(*value, out, read);
  }

 private:
  const TreeNode* FindRequired(std::string_view key) const;

  template <typename T, typename Reader>
  bool Set(const TreeNode& value, T& out, Reader& read) const {
    auto result = read(value, errors_);
    if (!result) return false;
    out = *std::move(result);
    return true;
  }

  const TreeNode& node_;
  Errors& errors_;
};

}  // namespace bitsd::yaml

#endif  // BITSD_SERVER_BASE_STRICT_YAML_H_
