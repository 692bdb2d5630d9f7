#include "catalog/yaml_tree.h"

#include <fmt/core.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>
#include <utility>

namespace gridloom::catalog {
namespace {

using Kind = YamlNode::Kind;

// A stream buffer over text it does not own.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin =
        const_cast<char*>(text.data());  // read-only: there is no overflow() or pbackfail()
    setg(begin, begin, begin + text.size());
  }
};

// Builds the tree from the parser's events. Ignores all events after the first mistake.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const YamlLimits& limits) : limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    complete(leaf(Kind::kNull, mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      return refuse(mark.line + 1, "an alias (*name) inside the node that it refers to");
    }
    const Size size = measure(known->second);
    nodes_ += size.nodes;
    if (stack_.size() + size.depth > limits_.depth) return too_deep(mark.line + 1);
    if (nodes_ > limits_.nodes) return too_many(mark.line + 1);
    YamlNode node = known->second;
    node.line = mark.line + 1;
    put(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = leaf(Kind::kScalar, mark);
    node.plain = tag == "?";
    node.text = value;
    complete(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(leaf(Kind::kSequence, mark), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(leaf(Kind::kMapping, mark), anchor);
  }
  void OnMapEnd() override { close(); }

  void refuse(int line, std::string what) {
    if (mistake_.what.empty()) mistake_ = {.line = line, .what = std::move(what)};
  }
  [[nodiscard]] bool refused() const { return !mistake_.what.empty(); }
  [[nodiscard]] YamlDocument take() {
    return {.root = std::move(root_), .mistake = std::move(mistake_)};
  }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlMember> member;  // in a mapping: the key whose value comes next
    YAML::anchor_t anchor = YAML::NullAnchor;
  };
  struct Size {
    std::size_t nodes = 1;
    std::size_t depth = 0;
  };

  static YamlNode leaf(Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    return node;
  }

  static Size measure(const YamlNode& node) {
    Size size;
    const auto count = [&](const YamlNode& part) {
      const Size inner = measure(part);
      size.nodes += inner.nodes;
      size.depth = std::max(size.depth, inner.depth + 1);
    };
    for (const YamlNode& one : node.items) count(one);
    for (const YamlMember& member : node.members) count(member.value);
    return size;
  }

  void too_deep(int line) {
    refuse(line, fmt::format("nested deeper than {} levels", limits_.depth));
  }
  void too_many(int line) { refuse(line, fmt::format("more than {} values", limits_.nodes)); }

  void open(YamlNode node, YAML::anchor_t anchor) {
    if (refused()) return;
    if (stack_.size() >= limits_.depth) return too_deep(node.line);
    stack_.push_back({.node = std::move(node), .member = std::nullopt, .anchor = anchor});
  }

  void close() {
    if (refused() || stack_.empty()) return;
    Open done = std::move(stack_.back());
    stack_.pop_back();
    complete(std::move(done.node), done.anchor);
  }

  void complete(YamlNode node, YAML::anchor_t anchor) {
    if (refused()) return;
    if (++nodes_ > limits_.nodes) return too_many(node.line);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    put(std::move(node));
  }

  void put(YamlNode node) {
    if (refused()) return;
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == Kind::kSequence) {
      top.node.items.push_back(std::move(node));
    } else if (!top.member) {
      if (node.kind != Kind::kScalar) {
        return refuse(node.line, "a key must be a plain or quoted text");
      }
      top.member = YamlMember{.key = std::move(node.text), .line = node.line, .value = {}};
    } else {
      // The parser gives an absent value the position of the next token.
      if (node.kind == Kind::kNull) node.line = top.member->line;
      top.member->value = std::move(node);
      top.node.members.push_back(std::move(*top.member));
      top.member.reset();
    }
  }

  YamlLimits limits_;
  std::size_t nodes_ = 0;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
  YamlMistake mistake_;
};

void read_document(std::string_view text, Builder& builder) {
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      builder.refuse(1, "the file is empty");
    } else if (Builder next({}); !builder.refused() && parser.HandleNextDocument(next)) {
      builder.refuse(1, "there is a second document (---): a file has one");
    }
  } catch (const YAML::DeepRecursion& error) {
    builder.refuse(error.mark.line + 1, "nested too deep");
  } catch (const YAML::Exception& error) {
    builder.refuse(error.mark.line + 1, fmt::format("not valid YAML: {}", error.msg));
  } catch (const std::exception& error) {
    builder.refuse(1, fmt::format("not valid YAML: {}", error.what()));
  }
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlMember& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

YamlDocument read_yaml(std::string_view text, const YamlLimits& limits) {
  Builder builder(limits);
  if (text.size() > limits.bytes) {
    builder.refuse(
        1, fmt::format("the file has {} bytes: at most {} are read", text.size(), limits.bytes));
  } else {
    read_document(text, builder);
  }
  return builder.take();
}

}  // namespace gridloom::catalog
