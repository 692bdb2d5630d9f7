#include "catalog/entry.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/nearest.h"
#include "base/printable.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t kMaxName = 40;  // characters of a value's name

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kSequence:
      return "a list";
    case Kind::kMapping:
      return "a mapping";
    case Kind::kScalar:
      break;
  }
  constexpr std::size_t kMax = 60;
  return node.text.size() > kMax ? '"' + node.text.substr(0, kMax) + "...\""
                                 : '"' + node.text + '"';
}

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The length of a JSON `int` at the start of the text: "0", or digits that do not start with 0.
std::size_t whole_length(std::string_view text) {
  std::size_t end = text.starts_with('-') ? 1 : 0;
  const std::size_t first = end;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  if (end == first || (text[first] == '0' && end > first + 1)) return 0;
  return end;
}

// Whether the text is a number in JSON's grammar: 010, +1, .5 and 1_000 are not.
bool is_number(std::string_view text) {
  const std::size_t whole = whole_length(text);
  if (whole == 0) return false;
  std::string_view rest = text.substr(whole);
  std::string_view exponent;
  if (const auto at = rest.find_first_of("eE"); at != std::string_view::npos) {
    exponent = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (exponent.starts_with('+') || exponent.starts_with('-')) exponent.remove_prefix(1);
    if (!digits(exponent)) return false;
  }
  return rest.empty() || (rest.starts_with('.') && digits(rest.substr(1)));
}

template <typename T>
std::optional<T> converted(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Json scalar(const YamlNode& node) {
  if (node.plain) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    if (is_number(node.text)) {
      if (const auto whole = converted<std::int64_t>(node.text)) return *whole;
      if (const auto number = converted<double>(node.text)) return *number;
    }
  }
  return Json(boost::json::string(node.text));
}

// The value that a key of a mapping stands for: YAML's keys are texts.
Json key_value(std::string_view key, FieldType type) {
  if (type == FieldType::kString) return Json(boost::json::string(key));
  YamlNode node;
  node.kind = Kind::kScalar;
  node.text = key;
  return scalar(node);
}

// Records a mistake for every duplicate key.
void check_twice(const YamlNode& node, std::string_view path, Mistakes& mistakes) {
  std::set<std::string_view> seen;
  for (const YamlMember& member : node.members) {
    if (!seen.insert(member.key).second) {
      mistakes.add(member.line, child(path, member.key), "this key occurs twice");
    }
  }
}

bool is_source(std::string_view text) {
  if (text == "real" || text == "ours") return true;
  const auto colon = text.find(':');
  if (!digits(text.substr(0, 3)) || text.size() < 3) return false;
  if (text.size() == 3) return true;  // a document whose lines are not known
  if (colon != 3) return false;
  const std::string_view lines = text.substr(4);
  const auto dash = lines.find('-');
  if (dash == std::string_view::npos) return digits(lines);
  return digits(lines.substr(0, dash)) && digits(lines.substr(dash + 1));
}

}  // namespace

void Mistakes::add(int line, std::string_view path, std::string_view what) {
  if (shared_lines_.contains(line) && !reported_.emplace(line, what).second) return;
  if (++count_ > kMaxReported) return;
  if (!text_.empty()) text_ += '\n';
  text_ += path.empty() ? fmt::format("{}:{}: {}", file_, line, what)
                        : fmt::format("{}:{}: {}: {}", file_, line, path, what);
  if (const std::string_view note = note_of(path); !note.empty()) {
    text_.append(" (").append(note).append(")");
  }
}

void Mistakes::note(std::string path, std::string note) {
  notes_.insert_or_assign(std::move(path), std::move(note));
}

std::string_view Mistakes::note_of(std::string_view path) const {
  for (;;) {
    if (const auto found = notes_.find(path); found != notes_.end()) return found->second;
    const auto end = path.find_last_of(".[");
    if (end == std::string_view::npos) return {};
    path = path.substr(0, end);
  }
}

Error Mistakes::fault() const {
  std::string detail = text_;
  if (count_ > kMaxReported) {
    detail += fmt::format("\n{}: and {} more mistakes", file_, count_ - kMaxReported);
  }
  return {.code = ErrorCode::kMalformed, .detail = std::move(detail)};
}

std::string child(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string item(std::string_view path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

Json to_json(const YamlNode& node, std::string_view path, Mistakes& mistakes) {
  switch (node.kind) {
    case Kind::kNull:
      return nullptr;
    case Kind::kScalar:
      return scalar(node);
    case Kind::kSequence: {
      JsonArray array;
      for (std::size_t k = 0; k < node.items.size(); ++k) {
        array.push_back(to_json(node.items[k], item(path, k), mistakes));
      }
      return Json(std::move(array));
    }
    case Kind::kMapping:
      break;
  }
  check_twice(node, path, mistakes);
  JsonObject object;
  for (const YamlMember& member : node.members) {
    object.insert_or_assign(member.key, to_json(member.value, child(path, member.key), mistakes));
  }
  return Json(std::move(object));
}

std::string one_of(std::string_view word, std::span<const std::string_view> words) {
  const std::vector<std::string_view> all(words.begin(), words.end());
  return joined_or(all) + did_you_mean(word, all);
}

std::vector<std::string> texts_of(const YamlNode& node, std::string_view path, Mistakes& mistakes) {
  std::vector<std::string> texts;
  if (node.kind != Kind::kSequence) {
    mistakes.add(node.line, path, fmt::format("must be a list [..]; it is {}", describe(node)));
  }
  for (std::size_t k = 0; k < node.items.size(); ++k) {
    const YamlNode& one = node.items[k];
    if (one.kind == Kind::kScalar) {
      texts.push_back(one.text);
    } else {
      mistakes.add(one.line, item(path, k), fmt::format("must be a text; it is {}", describe(one)));
    }
  }
  return texts;
}

void check_keys(const YamlNode& node, std::string_view path, Mistakes& mistakes, SectionId section,
                Variant variant) {
  const Section& known = section_of(section);
  const auto names = [&known] {
    std::vector<std::string> all;
    for (const Key& key : known.keys) all.emplace_back(key.name);
    return join(all, "and");
  };
  const auto meant = [&](std::string_view key) -> std::string {
    if (mistakes.is_full()) return {};  // comparing many words takes long
    std::vector<std::string_view> all;
    for (const Key& one : known.keys) all.push_back(one.name);
    return did_you_mean(key, all);
  };
  if (node.kind != Kind::kMapping) {
    mistakes.add(node.line, path,
                 fmt::format("must be a mapping of {}; it is {}", names(), describe(node)));
    return;
  }
  check_twice(node, path, mistakes);
  for (const YamlMember& member : node.members) {
    if (known.find(member.key) != nullptr) continue;
    const std::string_view now = renamed_key(member.key);
    const bool renamed = !now.empty() && known.find(now) != nullptr;
    mistakes.add(member.line, child(path, member.key),
                 fmt::format("unknown key{}; the keys here are {}{}",
                             renamed ? fmt::format(": its name is {} now", now) : "", names(),
                             renamed ? "" : meant(member.key)));
  }
  if (variant != Variant::kWhole) return;
  for (const Key& key : known.keys) {
    if (!key.required || node.find(key.name) != nullptr) continue;
    mistakes.add(node.line, child(path, key.name), "this key is missing");
  }
}

Entry::Entry(const YamlNode& node, std::string path, Mistakes& mistakes, SectionId section)
    : node_(node), path_(std::move(path)), mistakes_(mistakes), section_(section_of(section)) {
  check_keys(node_, path_, mistakes_, section, Variant::kWhole);
}

const YamlNode* Entry::value_of(std::string_view key, std::initializer_list<Form> forms) const {
  const Key* declared = section_.find(key);
  if (declared == nullptr || std::ranges::find(forms, declared->form) == forms.end()) {
    throw std::logic_error(fmt::format("{} of {} is read in another form than its table declares",
                                       key, section_.name));
  }
  return find(key);
}

void Entry::mistake(std::string_view key, std::string_view what) const {
  for (const YamlMember& member : node_.members) {
    if (member.key == key) return mistakes_.add(member.line, child(path_, key), what);
  }
  mistakes_.add(node_.line, key.empty() ? path_ : child(path_, key), what);
}

void Entry::text(std::string_view key, std::string& to) const {
  const YamlNode* node = value_of(key, {Form::kText, Form::kChoice, Form::kSource});
  if (node == nullptr) return;
  if (node->kind != Kind::kScalar) {
    return mistake(key, fmt::format("must be a text; it is {}", describe(*node)));
  }
  to = node->text;
}

void Entry::choice(std::string_view key, std::string& to) const {
  std::string chosen;
  text(key, chosen);
  const Key* declared = section_.find(key);
  if (declared == nullptr || !has(key) || find(key)->kind != Kind::kScalar) return;
  const auto& choices = declared->choices;
  if (std::ranges::find(choices, chosen) == choices.end()) {
    return mistake(key, fmt::format("\"{}\" must be {}", chosen, one_of(chosen, choices)));
  }
  to = std::move(chosen);
}

void Entry::flag(std::string_view key, bool& to) const {
  const YamlNode* node = value_of(key, {Form::kFlag});
  if (node == nullptr) return;
  const Json value = node->kind == Kind::kScalar ? scalar(*node) : Json();
  if (!value.is_bool()) {
    return mistake(key, fmt::format("must be true or false; it is {}", describe(*node)));
  }
  to = value.get_bool();
}

void Entry::whole(std::string_view key, std::int64_t& to) const {
  const YamlNode* node = value_of(key, {Form::kWhole});
  if (node == nullptr) return;
  const Json value = node->kind == Kind::kScalar ? scalar(*node) : Json();
  if (!value.is_int64()) {
    return mistake(key, fmt::format("must be a whole number; it is {}", describe(*node)));
  }
  to = value.get_int64();
}

void Entry::number(std::string_view key, double& to) const {
  const YamlNode* node = value_of(key, {Form::kNumber});
  if (node == nullptr) return;
  const Json value = node->kind == Kind::kScalar ? scalar(*node) : Json();
  if (!value.is_number()) {
    return mistake(key, fmt::format("must be a number; it is {}", describe(*node)));
  }
  to = value.to_number<double>();
}

void Entry::size(std::string_view key, std::optional<std::size_t>& to) const {
  const YamlNode* node = value_of(key, {Form::kSize});
  if (node == nullptr) return;
  const Json value = node->kind == Kind::kScalar ? scalar(*node) : Json();
  if (!value.is_int64() || value.get_int64() < 0) {
    return mistake(key, fmt::format("must be a whole number from 0; it is {}", describe(*node)));
  }
  to = static_cast<std::size_t>(value.get_int64());
}

void Entry::range(std::string_view key, std::optional<Range>& to) const {
  const YamlNode* node = value_of(key, {Form::kRange});
  if (node == nullptr) return;
  const auto bound = [&](std::size_t k) {
    return node->items[k].kind == Kind::kScalar ? scalar(node->items[k]) : Json();
  };
  if (node->kind != Kind::kSequence || node->items.size() != 2 || !bound(0).is_number() ||
      !bound(1).is_number()) {
    return mistake(key, "must be two numbers [low, high]");
  }
  const Range range{.low = bound(0).to_number<double>(), .high = bound(1).to_number<double>()};
  if (range.low > range.high) {
    return mistake(key,
                   fmt::format("{} to {} is empty: must be [low, high]", range.low, range.high));
  }
  to = range;
}

void Entry::texts(std::string_view key, std::vector<std::string>& to) const {
  if (const YamlNode* node = value_of(key, {Form::kTexts}))
    to = texts_of(*node, child(path_, key), mistakes_);
}

void Entry::json(std::string_view key, Json& to) const {
  const YamlNode* node = value_of(key, {Form::kAny});
  if (node != nullptr) to = to_json(*node, child(path_, key), mistakes_);
}

void Entry::object(std::string_view key, JsonObject& to) const {
  const YamlNode* node = value_of(key, {Form::kObject, Form::kNumbers});
  if (node == nullptr) return;
  if (node->kind != Kind::kMapping) {
    return mistake(key, fmt::format("must be a mapping; it is {}", describe(*node)));
  }
  to = to_json(*node, child(path_, key), mistakes_).as_object();
}

void Entry::values(std::string_view key, std::vector<Json>& to) const {
  items(key, [&](const YamlNode& node, const std::string& path) {
    to.push_back(to_json(node, path, mistakes_));
  });
}

void Entry::title(std::string_view description, std::string& to) const {
  if (!has("title")) {
    if (characters(description) <= kMaxTitle) to = description;
    return;
  }
  text("title", to);
  const std::size_t size = characters(to);
  if (size > 0 && size <= kMaxTitle) return;
  mistake("title", fmt::format("\"{}\" has {} characters: must have 1 to {}", to, size, kMaxTitle));
}

void Entry::unit_and_scale(std::string& unit, double& scale) const {
  constexpr std::array<std::string_view, 8> kWithMilli = {"mA",  "mAh", "mV", "mW",
                                                          "mWh", "mHz", "mΩ", "ms"};
  text("unit", unit);
  number("scale", scale);
  if (unit.empty()) return;
  if (std::string_view("0123456789.-").contains(unit[0])) {
    mistake(
        "unit",
        fmt::format("\"{}\" has a factor: write it as scale, such as unit: W, scale: 0.1", unit));
  } else if (scale != 1 && std::ranges::find(kWithMilli, unit) != kWithMilli.end()) {
    const std::string_view base = std::string_view(unit).substr(1);
    mistake("scale",
            fmt::format("{0} of {1} is {2} of {3}: write unit: {3}, and the scale that makes "
                        "{3} of the value on the wire",
                        scale, unit, scale / 1000, base));
  }
}

void Entry::named_values(std::string_view key, FieldType type, std::vector<NamedValue>& to) const {
  const YamlNode* node = value_of(key, {Form::kValues, Form::kNamedValues});
  if (node == nullptr) return;
  const bool list = section_.find(key)->form == Form::kValues;
  const std::string path = child(path_, key);
  const auto put = [&](int line, const std::string& at, NamedValue value) {
    if (!fits(type, value.value)) {
      return mistakes_.add(
          line, at, fmt::format("{} is not of type {}", wire::to_text(value.value), name_of(type)));
    }
    if (contains(to, value.value)) {
      return mistakes_.add(line, at, fmt::format("{} occurs twice", wire::to_text(value.value)));
    }
    to.push_back(std::move(value));
  };
  if (list && node->kind == Kind::kSequence) {
    for (std::size_t k = 0; k < node->items.size(); ++k) {
      const YamlNode& one = node->items[k];
      put(one.line, path, {.value = to_json(one, item(path, k), mistakes_), .name = {}});
    }
    return;
  }
  if (node->kind != Kind::kMapping) {
    return mistake(key, fmt::format("must be values and their names, such as {{0: off, 1: on}}{}; "
                                    "it is {}",
                                    list ? ", or a list of values" : "", describe(*node)));
  }
  for (const YamlMember& member : node->members) {
    const std::string at = child(path, member.key);
    const YamlNode& name = member.value;
    if (name.kind != Kind::kScalar || name.text.empty() || characters(name.text) > kMaxName) {
      mistakes_.add(member.line, at,
                    fmt::format("must be the value's name, of 1 to {} characters; it is {}",
                                kMaxName, describe(name)));
    } else {
      put(member.line, at, {.value = key_value(member.key, type), .name = name.text});
    }
  }
}

void Entry::source(std::string& to) const {
  text("source", to);
  std::string_view rest = to;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (!is_source(one)) {
      mistake("source",
              fmt::format("\"{}\" is not a source: must be document:line such as \"002:1004\", "
                          "a document such as \"008\", real or ours (several with commas)",
                          one));
    }
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
}

void Entry::text_or_texts(std::string_view key, std::vector<std::string>& to) const {
  const YamlNode* node = value_of(key, {Form::kTextOrTexts});
  if (node == nullptr) return;
  if (node->kind == Kind::kScalar) {
    to = {node->text};
  } else {
    to = texts_of(*node, child(path_, key), mistakes_);
  }
}

void Entry::value_or_values(std::string_view key, std::vector<Json>& to) const {
  const YamlNode* node = value_of(key, {Form::kListOrValue});
  if (node == nullptr) return;
  const Json value = to_json(*node, child(path_, key), mistakes_);
  if (const JsonArray* list = value.if_array()) {
    to.assign(list->begin(), list->end());
  } else {
    to.assign(1, value);
  }
}

void Entry::members(std::string_view key, const OnMember& on_member) const {
  const YamlNode* node =
      value_of(key, {Form::kEntries, Form::kFields, Form::kObject, Form::kNames, Form::kTextLists,
                     Form::kSources, Form::kNumberMap, Form::kChosenTexts});
  if (node == nullptr) return;
  if (node->kind != Kind::kMapping) {
    return mistake(key, fmt::format("must be a mapping; it is {}", describe(*node)));
  }
  const std::string path = child(path_, key);
  check_twice(*node, path, mistakes_);
  for (const YamlMember& member : node->members) {
    if (member.key.empty()) {
      mistakes_.add(member.line, path, "a key is empty");
    } else {
      on_member(member.key, member.value, child(path, member.key));
    }
  }
}

void Entry::items(std::string_view key, const OnItem& on_item) const {
  const YamlNode* node = value_of(key, {Form::kItems, Form::kItemsOrSize, Form::kList});
  if (node == nullptr) return;
  if (node->kind != Kind::kSequence) {
    return mistake(key, fmt::format("must be a list [..]; it is {}", describe(*node)));
  }
  for (std::size_t k = 0; k < node->items.size(); ++k) {
    on_item(node->items[k], item(child(path_, key), k));
  }
}

}  // namespace gridloom::catalog
