#include "server/base/strict_yaml.h"

#include <sys/stat.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/container/flat_hash_set.h"
#include "server/error/errors.h"

namespace bitsd::yaml {
namespace {

constexpr size_t kMaxNodes = 1'000'000;
constexpr size_t kMaxDepth = 16;  // Our files need six.

[[noreturn]] void Refuse(const YAML::Mark& mark, const std::string& message) {
  throw YAML::ParserException(mark, message);
}

/// Builds the tree from the parser's events; throws what Parse catches.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeNode Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Refuse(mark, "a second document: one file holds one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Put(Make(mark, TreeNode::Kind::kNull, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "an alias: write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    TreeNode node = Make(mark, TreeNode::Kind::kText, tag, anchor);
    node.quoted = tag == "!";
    node.text = value;
    Put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, Make(mark, TreeNode::Kind::kList, tag, anchor));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, Make(mark, TreeNode::Kind::kMap, tag, anchor));
  }
  void OnMapEnd() override {
    CheckKeys(open_.back());
    Close();
  }

 private:
  TreeNode Make(const YAML::Mark& mark, TreeNode::Kind kind, const std::string& tag,
                YAML::anchor_t anchor) {
    // "?" is a plain value and "!" a quoted one; anything else was written by hand.
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "a tag: leave it out");
    if (anchor != 0) Refuse(mark, "an anchor: leave it out");
    if (++count_ > kMaxNodes) Refuse(mark, "too many values");
    TreeNode node;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    node.kind = kind;
    return node;
  }

  void Open(const YAML::Mark& mark, TreeNode node) {
    if (open_.size() >= kMaxDepth) Refuse(mark, "nested too deeply");
    open_.push_back(std::move(node));
  }

  void Close() {
    TreeNode node = std::move(open_.back());
    open_.pop_back();
    Put(std::move(node));
  }

  void Put(TreeNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().items.push_back(std::move(node));
    }
  }

  static void CheckKeys(const TreeNode& map) {
    absl::flat_hash_set<std::string> seen;
    for (size_t i = 0; i < map.items.size(); i += 2) {
      const TreeNode& key = map.items[i];
      YAML::Mark mark;
      mark.line = key.line - 1;
      mark.column = key.column - 1;
      if (key.kind != TreeNode::Kind::kText) Refuse(mark, "a key that is no text");
      if (!seen.insert(key.text).second) Refuse(mark, "key '" + key.text + "' is given twice");
    }
  }

  TreeNode root_;
  std::vector<TreeNode> open_;
  size_t count_ = 0;
  int documents_ = 0;
};

std::string Joined(std::initializer_list<std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

bool AllDigits(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Digits without leading zeros, small enough not to overflow.
std::optional<uint64_t> ParseNumber(const std::string& text) {
  if (!AllDigits(text) || text.size() > 19 || (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<uint64_t>(c - '0');
  return value;
}

TreeNode ParseOrThrow(const std::string& content) {
  std::istringstream input(content);
  YAML::Parser parser(input);
  TreeBuilder builder;
  while (parser.HandleNextDocument(builder)) {
  }
  TreeNode root = builder.Take();
  if (root.kind == TreeNode::Kind::kNull) root.kind = TreeNode::Kind::kMap;
  return root;
}

}  // namespace

void Errors::Add(int line, int column, std::string_view message) {
  if (full()) return;
  const std::string place =
      file_ + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
  // What follows from an error is reported at the same place, later.
  const auto same = [&](const std::string& report) { return report.starts_with(place); };
  if (std::any_of(reports_.begin(), reports_.end(), same)) return;
  reports_.push_back(place + std::string(message));
}

absl::Status Errors::status() const {
  if (ok()) return absl::OkStatus();
  std::string text;
  for (const std::string& report : reports_) text += (text.empty() ? "" : "\n") + report;
  return error::InvalidArgument(text);
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return error::InvalidArgument(path + ": cannot be read: " + std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return error::InvalidArgument(path + ": is no regular file");
  std::ifstream input(path, std::ios::binary);
  std::string content(std::min<size_t>(static_cast<size_t>(info.st_size), max_bytes) + 1, '\0');
  input.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!input.eof()) {
    return error::InvalidArgument(path + ": cannot be read, or is larger than " +
                                  std::to_string(max_bytes) + " bytes");
  }
  content.resize(static_cast<size_t>(input.gcount()));
  return content;
}

std::optional<TreeNode> Parse(const std::string& content, Errors& errors) {
  try {
    return ParseOrThrow(content);
  } catch (const YAML::Exception& e) {
    errors.Add(std::max(e.mark.line, 0) + 1, std::max(e.mark.column, 0) + 1, e.msg);
  } catch (const std::exception& e) {
    errors.Add(1, 1, e.what());
  }
  return std::nullopt;
}

std::optional<std::string> Text(const TreeNode& node, Errors& errors) {
  const bool text = node.kind == TreeNode::Kind::kText && !node.text.empty();
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; };
  if (!text || std::any_of(node.text.begin(), node.text.end(), is_control)) {
    errors.Add(node, "write a text here, not empty and without control characters");
    return std::nullopt;
  }
  return node.text;
}

std::optional<bool> Bool(const TreeNode& node, Errors& errors) {
  const bool plain = node.kind == TreeNode::Kind::kText && !node.quoted;
  if (plain && node.text == "true") return true;
  if (plain && node.text == "false") return false;
  errors.Add(node, "write true or false here");
  return std::nullopt;
}

std::optional<uint64_t> Number(const TreeNode& node, Errors& errors, uint64_t min, uint64_t max) {
  std::optional<uint64_t> value;
  if (node.kind == TreeNode::Kind::kText && !node.quoted) value = ParseNumber(node.text);
  if (value && *value >= min && *value <= max) return value;
  errors.Add(node, "write a number from " + std::to_string(min) + " to " + std::to_string(max) +
                       " here, without quotes or leading zeros");
  return std::nullopt;
}

bool IsList(const TreeNode& node, Errors& errors, size_t max) {
  if (node.kind != TreeNode::Kind::kList) {
    errors.Add(node, "write a list here, as [a, b]");
    return false;
  }
  if (node.items.size() > max) {
    errors.Add(node, "a list of at most " + std::to_string(max) + " values may stand here");
    return false;
  }
  return true;
}

Fields::Fields(const TreeNode& node, Errors& errors, std::initializer_list<std::string_view> known)
    : node_(node), errors_(errors) {
  if (node.kind != TreeNode::Kind::kMap) {
    errors.Add(node, "write a map here, with the keys " + Joined(known));
    return;
  }
  for (size_t i = 0; i < node.items.size(); i += 2) {
    const TreeNode& key = node.items[i];
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      errors.Add(key, "unknown key '" + key.text + "': the keys here are " + Joined(known));
    }
  }
}

const TreeNode* Fields::Find(std::string_view key) const {
  if (node_.kind != TreeNode::Kind::kMap) return nullptr;
  for (size_t i = 0; i + 1 < node_.items.size(); i += 2) {
    if (node_.items[i].text == key) return &node_.items[i + 1];
  }
  return nullptr;
}

const TreeNode* Fields::FindRequired(std::string_view key) const {
  const TreeNode* value = Find(key);
  if (value == nullptr && node_.kind == TreeNode::Kind::kMap) {
    std::string message = "key '";
    message += key;
    errors_.Add(node_, message + "' is missing");
  }
  return value;
}

}  // namespace bitsd::yaml
