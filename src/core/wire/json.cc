// Both readers use the same parser events, so that limits, errors and their wording are the same
// for a value and for a sequence of leaves.
//
// Numbers are parsed again from their text with from_chars: Boost.JSON 1.81 rounds decimals
// imprecisely, and 229.7 would become 229.70000000000002. For the same reason the writer is our
// own (json_text.cc). Invariant: no input makes this code throw, except when memory runs out.
#include "wire/json.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace gridloom::wire {
namespace {

using BoostError = boost::json::error_code;

constexpr std::size_t kNameInMessageBytes = 64;
constexpr double kTwoPow63 = 9223372036854775808.0;

// The token expected next, for error messages.
enum class Next : std::uint8_t { kValue, kFirstName, kFirstElement, kColon, kAfterMember, kEnd };

std::string_view words(Next next, bool in_array) {
  switch (next) {
    case Next::kValue:
      return "a value";
    case Next::kFirstName:
      return "a name in double quotes or '}'";
    case Next::kFirstElement:
      return "a value or ']'";
    case Next::kColon:
      return "':' and a value";
    case Next::kAfterMember:
      return in_array ? "',' and a value, or ']'" : "',' and a name in double quotes, or '}'";
    case Next::kEnd:
      break;
  }
  return "the end of the text";
}

std::string shown(std::string_view name) {
  std::string out;
  if (name.size() > kNameInMessageBytes) {
    std::size_t cut = kNameInMessageBytes;
    while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xc0U) == 0x80U) --cut;
    append_quoted(out, name.substr(0, cut));
    out += " (cut)";
  } else {
    append_quoted(out, name);
  }
  return out;
}

struct Number {
  enum class Kind : std::uint8_t { kInt64, kUint64, kDouble } kind = Kind::kInt64;
  std::int64_t i = 0;
  std::uint64_t u = 0;
  double d = 0;
};

// `rough` is the parser's own value, precise enough to distinguish overflow from underflow.
std::optional<Number> number_of(std::string_view token, double rough) {
  const char* end = token.data() + token.size();
  Number number;
  if (token.find_first_of(".eE") == std::string_view::npos) {
    number.kind = Number::Kind::kInt64;
    if (std::from_chars(token.data(), end, number.i).ec == std::errc()) return number;
    number.kind = Number::Kind::kUint64;
    if (token.front() != '-' && std::from_chars(token.data(), end, number.u).ec == std::errc()) {
      return number;
    }
  }
  number.kind = Number::Kind::kDouble;
  if (std::from_chars(token.data(), end, number.d).ec == std::errc()) return number;
  if (!(std::abs(rough) < 1.0)) return std::nullopt;
  number.d = 0;
  return number;
}

// The parser's event handler. `Sink` gets whole names, strings and number tokens.
template <typename Sink>
class Events {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

  Events(Sink& sink, const JsonLimits& limits) : sink_(sink), limits_(limits) {}

  [[nodiscard]] Next next() const { return next_; }
  [[nodiscard]] bool in_array() const { return !open_.empty() && open_.back() == 0; }
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

  bool on_document_begin(BoostError&) { return true; }
  bool on_document_end(BoostError&) { return true; }

  bool on_object_begin(BoostError&) {
    open_.push_back(++objects_);
    next_ = Next::kFirstName;
    sink_.begin_object();
    return true;
  }
  bool on_object_end(std::size_t size, BoostError& error) {
    open_.pop_back();
    sink_.end_object(size);
    return after_value(error);
  }
  bool on_array_begin(BoostError&) {
    open_.push_back(0);
    next_ = Next::kFirstElement;
    sink_.begin_array();
    return true;
  }
  bool on_array_end(std::size_t size, BoostError& error) {
    open_.pop_back();
    sink_.end_array(size);
    return after_value(error);
  }

  bool on_key_part(std::string_view part, std::size_t, BoostError&) { return append(part); }
  bool on_key(std::string_view part, std::size_t, BoostError& error) {
    const std::string_view name = joined(part);
    if (!names_.add(open_.back(), name)) {
      return refuse(error, fmt::format("the name {} occurs twice in one object", shown(name)));
    }
    if (names_.count() > limits_.keys) {
      return refuse(error, fmt::format("more than the {} names that are allowed", limits_.keys));
    }
    next_ = Next::kColon;
    sink_.name(name);
    parts_.clear();
    return goes_on(error);
  }

  bool on_string_part(std::string_view part, std::size_t, BoostError&) { return append(part); }
  bool on_string(std::string_view part, std::size_t, BoostError& error) {
    sink_.string(joined(part));
    parts_.clear();
    return after_value(error);
  }

  bool on_number_part(std::string_view part, BoostError&) { return append(part); }
  bool on_int64(std::int64_t value, std::string_view part, BoostError& error) {
    return on_double(static_cast<double>(value), part, error);
  }
  bool on_uint64(std::uint64_t value, std::string_view part, BoostError& error) {
    return on_double(static_cast<double>(value), part, error);
  }
  bool on_double(double rough, std::string_view part, BoostError& error) {
    const std::string_view token = joined(part);
    const std::optional<Number> number = number_of(token, rough);
    if (!number) {
      return refuse(error, "the number is out of range");
    }
    sink_.number(token, *number);
    parts_.clear();
    return after_value(error);
  }

  bool on_bool(bool value, BoostError& error) {
    sink_.boolean(value);
    return after_value(error);
  }
  bool on_null(BoostError& error) {
    sink_.null();
    return after_value(error);
  }
  bool on_comment_part(std::string_view, BoostError&) { return true; }
  bool on_comment(std::string_view, BoostError&) { return true; }

 private:
  bool append(std::string_view part) {
    parts_.append(part);
    return true;
  }
  // Returns the whole token; the parser splits tokens at escapes.
  std::string_view joined(std::string_view last) {
    if (parts_.empty()) return last;
    parts_.append(last);
    return parts_;
  }
  bool after_value(BoostError& error) {
    next_ = open_.empty() ? Next::kEnd : Next::kAfterMember;
    return goes_on(error);
  }
  bool goes_on(BoostError& error) {
    return sink_.goes_on() || refuse(error, "the rest was not read");
  }
  bool refuse(BoostError& error, std::string complaint) {
    complaint_ = std::move(complaint);
    error = boost::json::error::exception;
    return false;
  }

  Sink& sink_;
  JsonLimits limits_;
  SeenNames names_;
  std::string parts_;
  std::string complaint_;
  std::vector<std::size_t> open_;  // an object's number, 0 for an array
  std::size_t objects_ = 0;
  Next next_ = Next::kValue;
};

// Whether the text before `at` ends with an escape like \\ud83d, which needs its other half.
bool follows_half_a_pair(std::string_view text, std::size_t at) {
  constexpr std::size_t kEscape = 6;
  if (at < kEscape) return false;
  const std::string_view escape = text.substr(at - kEscape, kEscape);
  return escape.starts_with("\\u") && std::string_view("dD").contains(escape[2]) &&
         std::string_view("89abAB").contains(escape[3]);
}

// Describes the error in words; `at` is the offset where the parser stopped.
template <typename Sink>
std::string trouble(std::string_view text, std::size_t at, const BoostError& error,
                    const JsonLimits& limits, const Events<Sink>& events) {
  using Kind = boost::json::error;
  if (!events.complaint().empty()) return events.complaint();
  if (error == Kind::too_deep) return fmt::format("nested deeper than {} levels", limits.depth);
  if (error == Kind::incomplete) return "the text ends too early";
  if (error == Kind::extra_data) return "expected the end of the text";
  if (error == Kind::exponent_overflow) return "the number's exponent is out of range";
  if (error == Kind::expected_hex_digit) return "expected four hex digits after \\u";
  if (error == Kind::illegal_leading_surrogate || error == Kind::illegal_trailing_surrogate ||
      error == Kind::expected_utf16_escape) {
    return "expected a \\u escape of a whole character (a pair of surrogates)";
  }
  if (follows_half_a_pair(text, at)) return "expected a \\u escape of the pair's low surrogate";
  if (at == 0 && text.starts_with("\xef\xbb\xbf")) {
    return "the text begins with a byte order mark, which must go";
  }
  const auto found = at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  const char before = at > 0 ? text[at - 1] : ' ';
  if (found >= 0x80) return "bytes that are not UTF-8, or a character outside a string";
  if (before == '\\') return "expected one of \" \\ / b f n r t u after the backslash";
  if (found < 0x20 && found != '\n' && found != '\r' && found != '\t') {
    return fmt::format("a control character (0x{:02x}) that is not escaped", found);
  }
  const std::string_view expected = std::string_view(".eE+-").contains(before) && before != ' '
                                        ? std::string_view("a digit")
                                        : words(events.next(), events.in_array());
  if (found < 0x20)
    return "a line break or tab where none may stand; in a string it is written \\n, \\r or \\t";
  return fmt::format("expected {}, found '{}'", expected, static_cast<char>(found));
}

template <typename Sink>
Status read(std::string_view text, const JsonLimits& limits, Sink& sink) {
  if (text.size() > limits.bytes) {
    return fail(ErrorCode::kMalformed,
                fmt::format("JSON: {} bytes, {} are allowed", text.size(), limits.bytes));
  }
  boost::json::parse_options options;
  options.max_depth = limits.depth;
  boost::json::basic_parser<Events<Sink>> parser(options, sink, limits);
  BoostError error;
  const std::size_t at = parser.write_some(false, text.data(), text.size(), error);
  if (!error && at == text.size()) return {};
  if (!error) error = boost::json::error::extra_data;
  return fail(
      ErrorCode::kMalformed,
      fmt::format("JSON: at byte {}: {}", at, trouble(text, at, error, limits, parser.handler())));
}

class ValueSink {
 public:
  ValueSink() { stack_.reset(); }
  Json release() { return stack_.release(); }
  [[nodiscard]] static bool goes_on() { return true; }

  void begin_object() {}
  void end_object(std::size_t size) { stack_.push_object(size); }
  void begin_array() {}
  void end_array(std::size_t size) { stack_.push_array(size); }
  void name(std::string_view text) { stack_.push_key(text); }
  void string(std::string_view text) { stack_.push_string(text); }
  void number(std::string_view, const Number& number) {
    switch (number.kind) {
      case Number::Kind::kInt64:
        return stack_.push_int64(number.i);
      case Number::Kind::kUint64:
        return stack_.push_uint64(number.u);
      case Number::Kind::kDouble:
        return stack_.push_double(number.d);
    }
  }
  void boolean(bool value) { stack_.push_bool(value); }
  void null() { stack_.push_null(); }

 private:
  boost::json::value_stack stack_;
};

class LeafSink {
 public:
  explicit LeafSink(const JsonVisitor& visitor) : visitor_(visitor) {}
  [[nodiscard]] bool goes_on() const { return goes_on_; }

  void begin_object() { open(In::kObject); }
  void end_object(std::size_t size) { close(size, "{}", LeafKind::kEmptyObject); }
  void begin_array() { open(In::kArray); }
  void end_array(std::size_t size) { close(size, "[]", LeafKind::kEmptyArray); }
  void name(std::string_view text) {
    path_.resize(levels_.back().path_bytes);
    if (!path_.empty()) path_ += '.';
    path_.append(text);
    if (visitor_.on_name) goes_on_ = visitor_.on_name(text);
  }
  void string(std::string_view text) { leaf(text, LeafKind::kString); }
  void number(std::string_view token, const Number&) { leaf(token, LeafKind::kNumber); }
  void boolean(bool value) { leaf(value ? "true" : "false", LeafKind::kBool); }
  void null() { leaf("null", LeafKind::kNull); }

 private:
  enum class In : std::uint8_t { kObject, kArray };
  struct Level {
    std::size_t path_bytes = 0;
    std::size_t elements = 0;
    In in = In::kObject;
  };

  void open(In in) {
    step();
    levels_.push_back({.path_bytes = path_.size(), .elements = 0, .in = in});
  }
  void close(std::size_t size, std::string_view text, LeafKind kind) {
    path_.resize(levels_.back().path_bytes);
    levels_.pop_back();
    if (size == 0) goes_on_ = visitor_.on_leaf({.path = path_, .text = text, .kind = kind});
  }
  void leaf(std::string_view text, LeafKind kind) {
    step();
    goes_on_ = visitor_.on_leaf({.path = path_, .text = text, .kind = kind});
  }
  // In an array, advances the path to the next index; in an object, the name has already set it.
  void step() {
    if (levels_.empty() || levels_.back().in == In::kObject) return;
    Level& level = levels_.back();
    path_.resize(level.path_bytes);
    std::array<char, 20> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), level.elements++).ptr;
    path_ += '[';
    path_.append(digits.data(), end);
    path_ += ']';
  }

  const JsonVisitor& visitor_;
  bool goes_on_ = true;
  std::string path_;
  std::vector<Level> levels_;
};

// One pass over a text makes the value and calls the visitor.
class ValueAndLeafSink {
 public:
  explicit ValueAndLeafSink(const JsonVisitor& visitor) : leaves_(visitor) {}
  Json release() { return value_.release(); }
  [[nodiscard]] bool goes_on() const { return leaves_.goes_on(); }

  void begin_object() {
    value_.begin_object();
    leaves_.begin_object();
  }
  void end_object(std::size_t size) {
    value_.end_object(size);
    leaves_.end_object(size);
  }
  void begin_array() {
    value_.begin_array();
    leaves_.begin_array();
  }
  void end_array(std::size_t size) {
    value_.end_array(size);
    leaves_.end_array(size);
  }
  void name(std::string_view text) {
    value_.name(text);
    leaves_.name(text);
  }
  void string(std::string_view text) {
    value_.string(text);
    leaves_.string(text);
  }
  void number(std::string_view token, const Number& number) {
    value_.number(token, number);
    leaves_.number(token, number);
  }
  void boolean(bool value) {
    value_.boolean(value);
    leaves_.boolean(value);
  }
  void null() {
    value_.null();
    leaves_.null();
  }

 private:
  ValueSink value_;
  LeafSink leaves_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  ValueSink sink;
  GL_TRY(read(text, limits, sink));
  return sink.release();
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits,
                        const JsonVisitor& visitor) {
  ValueAndLeafSink sink(visitor);
  GL_TRY(read(text, limits, sink));
  return sink.release();
}

Status walk_json(std::string_view text, const JsonLimits& limits,
                 const std::function<void(const Leaf&)>& on_leaf) {
  return walk_json(text, limits,
                   JsonVisitor{.on_leaf =
                                   [&on_leaf](const Leaf& leaf) {
                                     on_leaf(leaf);
                                     return true;
                                   },
                               .on_name = {}});
}

Status walk_json(std::string_view text, const JsonLimits& limits, const JsonVisitor& visitor) {
  LeafSink sink(visitor);
  return read(text, limits, sink);
}

std::string plain_text(const Json& value) {
  return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

const Json* member(const Json& value, std::string_view key) {
  const JsonObject* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string_view text_in(const Json& object, std::string_view key) {
  const JsonObject* members = object.if_object();
  return members == nullptr ? std::string_view() : text_in(*members, key);
}

std::string_view text_in(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

bool is_whole(const Json& value) {
  if (value.is_int64()) return true;
  if (const std::uint64_t* u = value.if_uint64()) {
    return std::in_range<std::int64_t>(*u);
  }
  const double* d = value.if_double();
  return d != nullptr && *d >= -kTwoPow63 && *d < kTwoPow63 && std::trunc(*d) == *d;
}

std::int64_t whole(const Json& value) {
  if (const std::int64_t* i = value.if_int64()) return *i;
  if (const std::uint64_t* u = value.if_uint64()) return static_cast<std::int64_t>(*u);
  return static_cast<std::int64_t>(value.get_double());
}

std::optional<std::int64_t> whole_in(const Json& object, std::string_view key) {
  const JsonObject* members = object.if_object();
  return members == nullptr ? std::nullopt : whole_in(*members, key);
}

std::optional<std::int64_t> whole_in(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && is_whole(*value) ? std::optional(whole(*value)) : std::nullopt;
}

Json numeric_id(const Json& id) {
  if (!id.is_string()) return id;
  const std::string_view text = id.get_string();
  const bool plain = !text.empty() && (text.size() == 1 || text.front() != '0') &&
                     text.find_first_not_of("0123456789") == std::string_view::npos;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return plain && error == std::errc{} ? Json(number) : id;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  return std::string(text.substr(0, most)) + "...";
}

std::string_view kind_name(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      break;
  }
  return "an object";
}

bool SeenNames::add(std::size_t object, std::string_view name) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  const std::size_t hash = std::hash<std::string_view>{}(name) ^ (object * 0x9e3779b97f4a7c15ULL);
  Slot* slot = &slots_[hash & (slots_.size() - 1)];
  std::size_t steps = 0;
  for (; slot->object != 0 && steps < kMaxSteps; slot = next(slot), ++steps) {
    if (slot->hash == hash && slot->object == object && text(*slot) == name) return false;
  }
  const auto collided = collided_.find(object);
  if (collided != collided_.end() && collided->second.contains(name)) return false;
  ++used_;
  if (steps == kMaxSteps) {
    collided_[object].emplace(name);
    return true;
  }
  *slot = {.hash = hash, .object = object, .start = text_.size(), .size = name.size()};
  text_.append(name);
  return true;
}

std::size_t SeenNames::collided() const {
  std::size_t count = 0;
  for (const auto& [object, names] : collided_) count += names.size();
  return count;
}

// Names in collided_ stay there: only names of the old table are moved.
void SeenNames::grow() {
  const std::vector<Slot> old =
      std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 32 : 2 * slots_.size()));
  for (const Slot& moved : old) {
    if (moved.object == 0) continue;
    Slot* slot = &slots_[moved.hash & (slots_.size() - 1)];
    std::size_t steps = 0;
    for (; slot->object != 0 && steps < kMaxSteps; ++steps) slot = next(slot);
    if (steps < kMaxSteps) {
      *slot = moved;
    } else {
      collided_[moved.object].emplace(text(moved));
    }
  }
}

}  // namespace gridloom::wire
