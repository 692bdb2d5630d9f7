#include "transcripts/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace gridloom::transcripts {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr char kHole = '\x01';  // never in a message: JSON escapes this character
constexpr std::string_view kRest = "\x01...";
constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndent = 4;
constexpr std::array<std::string_view, 10> kHoles = {"id",   "time",  "trace",  "number", "string",
                                                     "bool", "array", "object", "any",    "..."};

bool is_hole(const Json& value) {
  return value.is_string() && std::string_view(value.get_string()).starts_with(kHole);
}

bool is_rest(const Json& value) { return value.is_string() && value.get_string() == kRest; }

bool is_trace(const Json& value) {
  return value.is_string() && value.get_string().size() == 32 &&
         std::ranges::all_of(std::string_view(value.get_string()), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool fills(std::string_view hole, const Json& value) {
  if (hole == "id") return value.is_number() || (value.is_string() && !value.get_string().empty());
  if (hole == "time") return wire::is_whole(value) && wire::whole(value) > 0;
  if (hole == "trace") return is_trace(value);
  if (hole == "number") return value.is_number();
  if (hole == "string") return value.is_string();
  if (hole == "bool") return value.is_bool();
  if (hole == "array") return value.is_array();
  if (hole == "object") return value.is_object();
  return hole == "any";
}

bool fills_hole(const Json& hole, const Json& value) {
  return fills(std::string_view(hole.get_string()).substr(1), value);
}

bool equal(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number() && (a.is_double() || b.is_double())) {
    return a.to_number<double>() == b.to_number<double>();
  }
  return a == b;
}

bool has_rest(const JsonArray& elements) { return !elements.empty() && is_rest(elements.back()); }

std::string compact(const Json& value);

std::string compact_key(std::string_view key) {
  std::string out;
  wire::append_quoted(out, key);
  return out + ':';
}

std::string compact(const Json& value) {
  if (is_hole(value)) {
    return fmt::format("<{}>", std::string_view(value.get_string()).substr(1));
  }
  std::string out;
  if (const JsonObject* object = value.if_object()) {
    out = "{";
    for (const auto& [key, member] : *object) {
      if (out.size() > 1) out += ',';
      out += key == kRest ? "<...>" : compact_key(key) + compact(member);
    }
    return out + '}';
  }
  if (const JsonArray* array = value.if_array()) {
    out = "[";
    for (const Json& element : *array) {
      if (out.size() > 1) out += ',';
      out += compact(element);
    }
    return out + ']';
  }
  return wire::to_text(value);
}

// Visits every place where `got` differs from `want`; stops when `on_difference` returns false.
class Comparison {
 public:
  explicit Comparison(std::size_t most) : most_(most) {}

  void compare(const Json& want, const Json& got, const std::string& path) {
    if (found_.size() >= most_) return;
    if (is_hole(want)) {
      if (!fills_hole(want, got)) differ(path, compact(want), got);
    } else if (want.is_object() && got.is_object()) {
      compare_objects(want.get_object(), got.get_object(), path);
    } else if (want.is_array() && got.is_array()) {
      compare_arrays(want.get_array(), got.get_array(), path);
    } else if (!equal(want, got)) {
      differ(path, compact(want), got);
    }
  }

  std::vector<Difference> found() && { return std::move(found_); }

 private:
  void differ(const std::string& path, std::string expected, const Json& got) {
    found_.push_back({.path = path, .expected = std::move(expected), .got = compact(got)});
  }

  void compare_objects(const JsonObject& want, const JsonObject& got, const std::string& path) {
    const auto inner = [&path](std::string_view key) {
      return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
    };
    for (const auto& [key, value] : want) {
      if (key == kRest) continue;
      if (const Json* member = got.if_contains(key)) {
        compare(value, *member, inner(key));
      } else {
        found_.push_back({.path = inner(key), .expected = compact(value), .got = "nothing"});
      }
    }
    if (want.contains(kRest)) return;
    for (const auto& [key, value] : got) {
      if (!want.contains(key)) differ(inner(key), "nothing", value);
    }
  }

  void compare_arrays(const JsonArray& want, const JsonArray& got, const std::string& path) {
    const bool open = has_rest(want);
    const std::size_t named = want.size() - (open ? 1 : 0);
    if (open ? got.size() < named : got.size() != named) {
      found_.push_back({.path = path,
                        .expected = fmt::format("{} elements{}", named, open ? " or more" : ""),
                        .got = fmt::format("{}", got.size())});
      return;
    }
    for (std::size_t i = 0; i < named; ++i)
      compare(want[i], got[i], fmt::format("{}[{}]", path, i));
  }

  std::size_t most_;
  std::vector<Difference> found_;
};

// Adapts `want` to `got`. `fresh` is `got` with holes for the values that are new in every message;
// parts that `want` did not have before are taken from `fresh`.
Json adapt(const Json& want, const Json& got, const Json& fresh) {
  if (is_hole(want)) return fills_hole(want, got) ? want : got;
  if (want.is_object() && got.is_object() && fresh.is_object()) {
    JsonObject out;
    for (const auto& [key, value] : want.get_object()) {
      const Json* member = got.get_object().if_contains(key);
      if (member != nullptr) out[key] = adapt(value, *member, fresh.get_object().at(key));
    }
    if (want.get_object().contains(kRest)) {
      out[kRest] = nullptr;
      return out;
    }
    for (const auto& [key, value] : fresh.get_object()) {
      if (!out.contains(key)) out[key] = value;
    }
    return out;
  }
  if (want.is_array() && got.is_array()) {
    const JsonArray& wanted = want.get_array();
    const bool open = has_rest(wanted);
    const std::size_t named = wanted.size() - (open ? 1 : 0);
    JsonArray out;
    for (std::size_t i = 0; i < got.get_array().size(); ++i) {
      const Json& element = got.get_array()[i];
      if (i >= named && open) break;
      out.push_back(i < named ? adapt(wanted[i], element, element) : element);
    }
    if (open) out.emplace_back(kRest);
    return out;
  }
  return equal(want, got) ? want : got;
}

class Layout {
 public:
  explicit Layout(std::string_view prefix) : out_(prefix), column_(prefix.size()) {}

  // `closing` brackets will follow on the same line.
  void put(const Json& value, std::size_t indent, std::size_t closing) {
    const std::string whole = compact(value);
    if (fits(whole, closing) || !(value.is_object() || value.is_array())) return append(whole);
    if (const JsonObject* object = value.if_object()) {
      append("{");
      for (auto it = object->begin(); it != object->end(); ++it) {
        const bool rest = it->key() == kRest;
        const bool last = std::next(it) == object->end();
        put_piece(rest ? "" : compact_key(it->key()), rest ? Json(kRest) : it->value(), indent,
                  last ? closing + 1 : 1);
        append(last ? "}" : ",");
      }
      return;
    }
    append("[");
    const JsonArray& array = value.get_array();
    for (std::size_t i = 0; i < array.size(); ++i) {
      const bool last = i + 1 == array.size();
      put_piece("", array[i], indent, last ? closing + 1 : 1);
      append(last ? "]" : ",");
    }
  }

  std::string take() && { return std::move(out_); }

 private:
  void put_piece(const std::string& key, const Json& value, std::size_t indent,
                 std::size_t closing) {
    const std::string whole = key + compact(value);
    if (!fits(whole, closing)) {
      out_ += '\n';
      out_.append(indent, ' ');
      column_ = indent;
    }
    if (fits(whole, closing)) return append(whole);
    append(key);
    put(value, indent + 2, closing);
  }
  [[nodiscard]] bool fits(std::string_view text, std::size_t closing) const {
    return column_ + text.size() + closing <= kColumns;
  }
  void append(std::string_view text) {
    out_ += text;
    column_ += text.size();
  }

  std::string out_;
  std::size_t column_;
};

// Replaces the holes in the text by strings that a JSON parser accepts.
Result<std::string> without_holes(std::string_view text) {
  std::string out;
  std::string open;  // the open brackets
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (quoted || c != '<') {
      if (!quoted && (c == '{' || c == '[')) open += c;
      if (!quoted && (c == '}' || c == ']') && !open.empty()) open.pop_back();
      out += c;
      continue;
    }
    const std::size_t end = text.find('>', i);
    const std::string_view name =
        text.substr(i + 1, end == std::string_view::npos ? end : end - i - 1);
    if (std::ranges::find(kHoles, name) == kHoles.end()) {
      return fail(ErrorCode::kMalformed, fmt::format("there is no <{}>", name.substr(0, 20)));
    }
    out += fmt::format(R"("\u0001{}")", name);
    if (name == "..." && open.ends_with('{')) out += ":null";
    i = end;
  }
  return out;
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
  GL_TRY(const std::string plain, without_holes(text));
  GL_TRY(Json parsed, wire::parse_json(plain, {.keys = 16'384}));
  return Pattern(std::move(parsed));
}

std::optional<Difference> Pattern::difference(const Json& got) const {
  Comparison comparison(1);
  comparison.compare(root_, got, "");
  std::vector<Difference> found = std::move(comparison).found();
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::size_t Pattern::distance(const Json& got) const {
  constexpr std::size_t kMax = 10'000;
  Comparison comparison(kMax);
  comparison.compare(root_, got, "");
  std::size_t distance = std::move(comparison).found().size();
  const JsonObject* members = root_.if_object();
  if (members == nullptr) return distance;
  for (const auto& [key, value] : *members) {
    if (value.is_object() || value.is_array() || is_hole(value)) continue;
    const Json* its = wire::member(got, key);
    if (its == nullptr || *its != value) distance += kMax;
  }
  return distance;
}

Pattern Pattern::adapted_to(const Json& got) const {
  return Pattern(adapt(root_, got, of(got).root_));
}

Pattern Pattern::of(const Json& got) {
  Json root = got;
  const auto open = [](Json& at, std::string_view key, const char* hole) {
    if (!at.is_object()) return;
    if (Json* value = at.get_object().if_contains(key)) *value = hole;
  };
  const bool answer = wire::member(got, "eagleEyeTraceId") != nullptr;
  open(root, "eagleEyeTraceId", "\x01trace");
  Json* message = answer ? root.get_object().if_contains("data") : &root;
  if (message != nullptr) {
    open(*message, "eagleEyeTraceId", "\x01trace");
    open(*message, "id", "\x01id");
    open(*message, "time", "\x01time");
    open(*message, "timestamp", "\x01time");
  }
  return Pattern(std::move(root));
}

std::string Pattern::text(std::string_view prefix) const {
  Layout layout(prefix);
  layout.put(root_, kIndent, 0);
  return std::move(layout).take();
}

}  // namespace gridloom::transcripts
