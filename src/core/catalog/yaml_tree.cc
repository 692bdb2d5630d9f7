#include "catalog/yaml_tree.h"

#include <fmt/core.h>
#include <yaml.h>

#include <algorithm>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <utility>

namespace gridloom::catalog {
namespace {

using Kind = YamlNode::Kind;

int line_of(const yaml_mark_t& mark) { return static_cast<int>(mark.line) + 1; }

// A text that the library allocated: it ends with a zero.
std::string_view view_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view{} : reinterpret_cast<const char*>(text);
}

// The texts that YAML's core schema takes for null.
bool is_null(std::string_view plain) {
  return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}

// The library's events, one after the other. Throws std::bad_alloc.
class Events {
 public:
  explicit Events(std::string_view text) : text_(text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  // nullptr where the text is no YAML: see mistake(). Valid until the next call.
  const yaml_event_t* next() {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser_, &event_) == 0 ? nullptr : &event_;
  }

  [[nodiscard]] YamlMistake mistake() const {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    // A byte that is no UTF-8 has no mark: it stands behind what was scanned.
    const int line = parser_.error == YAML_READER_ERROR ? line_at(parser_.problem_offset)
                                                        : in_text(parser_.problem_mark);
    std::string what = fmt::format("not valid YAML: {}", parser_.problem);
    if (parser_.error == YAML_SCANNER_ERROR && is_indented_with_tab(line)) {
      return {.line = line, .what = "a tab: YAML is indented with spaces"};
    }
    if (parser_.context != nullptr) {
      what += fmt::format(" {}", parser_.context);
      const int begun = in_text(parser_.context_mark);
      if (begun != line) what += fmt::format(" (begun in line {})", begun);
    }
    return {.line = line, .what = std::move(what)};
  }

 private:
  [[nodiscard]] int line_at(std::size_t offset) const {
    return 1 + static_cast<int>(std::ranges::count(text_.substr(0, offset), '\n'));
  }
  [[nodiscard]] bool is_indented_with_tab(int line) const {
    std::string_view rest = text_;
    for (int at = 1; at < line; ++at)
      rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
    const std::size_t first = rest.find_first_not_of(' ');
    return first != std::string_view::npos && rest[first] == '\t';
  }
  // To the library the end of a text is a line of its own.
  [[nodiscard]] int in_text(const yaml_mark_t& mark) const {
    return std::min(line_of(mark), line_at(text_.empty() ? 0 : text_.size() - 1));
  }

  std::string_view text_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
};

// Builds the tree from the parser's events, up to the first mistake.
class Builder {
 public:
  explicit Builder(const YamlLimits& limits) : limits_(limits) {}

  void take(const yaml_event_t& event) {
    const int line = line_of(event.start_mark);
    switch (event.type) {
      case YAML_ALIAS_EVENT:
        return take_alias(line, view_of(event.data.alias.anchor));
      case YAML_SCALAR_EVENT:
        return take_scalar(line, event);
      case YAML_SEQUENCE_START_EVENT:
        return open(leaf(Kind::kSequence, line), view_of(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT:
        return open(leaf(Kind::kMapping, line), view_of(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      default:
        return;  // of the stream and the document
    }
  }

  void refuse(int line, std::string what) {
    if (mistake_.what.empty()) mistake_ = {.line = line, .what = std::move(what)};
  }
  [[nodiscard]] bool refused() const { return !mistake_.what.empty(); }
  [[nodiscard]] YamlDocument document() {
    return {.root = std::move(root_), .mistake = std::move(mistake_)};
  }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlMember> member;  // in a mapping: the key whose value comes next
    std::string anchor;                // empty: none
  };
  struct Size {
    std::size_t nodes = 1;
    std::size_t depth = 0;
  };

  static YamlNode leaf(Kind kind, int line) {
    YamlNode node;
    node.kind = kind;
    node.line = line;
    return node;
  }

  void take_alias(int line, std::string_view anchor) {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      const bool is_inside = std::ranges::find(stack_, anchor, &Open::anchor) != stack_.end();
      return refuse(line, is_inside ? "an alias (*name) inside the node that it refers to"
                                    : fmt::format("an alias (*{}) of nothing before it", anchor));
    }
    const Size size = measure(known->second);
    nodes_ += size.nodes;
    if (stack_.size() + size.depth > limits_.depth) return too_deep(line);
    if (nodes_ > limits_.nodes) return too_many(line);
    YamlNode node = known->second;
    node.line = line;
    put(std::move(node));
  }

  void take_scalar(int line, const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    YamlNode node = leaf(Kind::kScalar, line);
    node.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.tag == nullptr;
    node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (node.plain && is_null(node.text)) node = leaf(Kind::kNull, line);
    complete(std::move(node), view_of(scalar.anchor));
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

  void open(YamlNode node, std::string_view anchor) {
    if (stack_.size() >= limits_.depth) return too_deep(node.line);
    stack_.push_back(
        {.node = std::move(node), .member = std::nullopt, .anchor = std::string(anchor)});
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    complete(std::move(done.node), done.anchor);
  }

  void complete(YamlNode node, std::string_view anchor) {
    if (++nodes_ > limits_.nodes) return too_many(node.line);
    if (!anchor.empty()) anchors_.insert_or_assign(std::string(anchor), node);
    put(std::move(node));
  }

  void put(YamlNode node) {
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
      if (node.kind == Kind::kNull) node.line = top.member->line;
      top.member->value = std::move(node);
      top.node.members.push_back(std::move(*top.member));
      top.member.reset();
    }
  }

  YamlLimits limits_;
  std::size_t nodes_ = 0;
  std::vector<Open> stack_;
  std::map<std::string, YamlNode, std::less<>> anchors_;
  YamlNode root_;
  YamlMistake mistake_;
};

void read_document(std::string_view text, Builder& builder) {
  Events events(text);
  bool has_document = false;
  while (!builder.refused()) {
    const yaml_event_t* event = events.next();
    if (event == nullptr) {
      const YamlMistake mistake = events.mistake();
      builder.refuse(mistake.line, mistake.what);
    } else if (event->type == YAML_STREAM_END_EVENT) {
      if (!has_document) builder.refuse(1, "the file is empty");
      return;
    } else if (event->type == YAML_DOCUMENT_START_EVENT && std::exchange(has_document, true)) {
      builder.refuse(line_of(event->start_mark),
                     "there is a second document (---): a file has one");
    } else {
      builder.take(*event);
    }
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
  return builder.document();
}

}  // namespace gridloom::catalog
