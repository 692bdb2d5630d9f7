// The JSON parser for all external input, with limits and without exceptions.
//
// Two interfaces: parse_json() builds a value (requests, configuration); walk_json() calls back for
// every leaf with its path and its original text (telemetry, signing), where 1.0 and 1e3 must stay
// as they were sent. A signed body is both: parse_json() with a visitor reads it once. Everything
// here is pure; any thread.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::wire {

// The member names seen so far in the objects of a JSON text, to detect duplicates. The input comes
// from unauthenticated clients: names whose hashes were chosen to collide are kept in an ordered
// set beside the hash table, so that no input is slow to check. One thread.
class SeenNames {
 public:
  // The maximum number of slots probed in one lookup; a half-full table usually needs a few.
  static constexpr std::size_t kMaxSteps = 32;

  // False if the object already has the name. Objects are numbered from 1.
  bool add(std::size_t object, std::string_view name);

  [[nodiscard]] std::size_t count() const { return used_; }
  // The number of names that are kept outside the hash table.
  [[nodiscard]] std::size_t collided() const;

 private:
  struct Slot {
    std::size_t hash = 0;
    std::size_t object = 0;  // 0: a free slot
    std::size_t start = 0;   // in text_
    std::size_t size = 0;
  };
  using Names = std::set<std::string, std::less<>>;

  [[nodiscard]] std::string_view text(const Slot& slot) const {
    return std::string_view(text_).substr(slot.start, slot.size);
  }
  Slot* next(Slot* slot) { return ++slot == slots_.data() + slots_.size() ? slots_.data() : slot; }
  void grow();

  std::vector<Slot> slots_;  // the size is a power of two; at most half are used
  std::string text_;
  std::map<std::size_t, Names> collided_;  // by object
  std::size_t used_ = 0;
};

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
  std::size_t bytes = std::size_t{256} * 1024;
  std::size_t depth = 32;
  std::size_t keys = 1024;  // object members in the whole text
};

// kMalformed: not JSON, trailing bytes, too deep, too many keys, a duplicate key in one object, or
// invalid UTF-8.
[[nodiscard]] Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

struct JsonVisitor;
// The same, and walk_json() with the visitor, in one pass over the text.
[[nodiscard]] Result<Json> parse_json(std::string_view text, const JsonLimits& limits,
                                      const JsonVisitor& visitor);

// Returns compact JSON text. Doubles have the shortest form that reads back to the same value
// (229.7, not 2.297E2).
[[nodiscard]] std::string to_text(const Json& value);
[[nodiscard]] std::string to_text(const JsonObject& object);
void append_text(std::string& out, const Json& value);
void append_text(std::string& out, const JsonObject& object);
void append_quoted(std::string& out, std::string_view text);
// A string as it is, without quotes; any other value as to_text().
[[nodiscard]] std::string plain_text(const Json& value);

enum class LeafKind : std::uint8_t { kString, kNumber, kBool, kNull, kEmptyObject, kEmptyArray };

// A leaf of a JSON text; leaves come in the order of the text. The views live until the callback
// returns.
struct Leaf {
  std::string_view path;  // a.b, a[0].b: the flattened name of the signing rules
  std::string_view text;  // a string unescaped; any other value as in the JSON text
  LeafKind kind = LeafKind::kNull;
};

// Same limits and errors as parse_json.
[[nodiscard]] Status walk_json(std::string_view text, const JsonLimits& limits,
                               const std::function<void(const Leaf&)>& on_leaf);

// Callbacks of a walk that may end early: if either callback returns false, the walk ends with
// kMalformed and an unspecific detail; the caller knows the reason.
struct JsonVisitor {
  std::function<bool(const Leaf&)> on_leaf;
  std::function<bool(std::string_view)> on_name;  // the name of each member, before its value
};
[[nodiscard]] Status walk_json(std::string_view text, const JsonLimits& limits,
                               const JsonVisitor& visitor);

// The member of an object, or nullptr (also when `value` is no object).
[[nodiscard]] const Json* member(const Json& value, std::string_view key);
// The member as text, which lives as long as the object; empty if there is none that is a string.
[[nodiscard]] std::string_view text_in(const Json& object, std::string_view key);
[[nodiscard]] std::string_view text_in(const JsonObject& object, std::string_view key);

// Whether `value` is a whole number (5, 5.0, 5e0) in the range of int64.
[[nodiscard]] bool is_whole(const Json& value);
// The value as an integer. Requires is_whole().
[[nodiscard]] std::int64_t whole(const Json& value);
// The member as an integer. Nothing: there is none that is_whole().
[[nodiscard]] std::optional<std::int64_t> whole_in(const Json& object, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> whole_in(const JsonObject& object, std::string_view key);

// Converts a string of digits to a number; returns any other value unchanged. Replies contain a
// numeric message id as a number, as real devices do (quirk 24).
[[nodiscard]] Json numeric_id(const Json& id);

// For error messages: at most `most` bytes of the text and "...", without splitting a character.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most = 80);

// For error messages: "a number", "a string", ...
[[nodiscard]] std::string_view kind_name(const Json& value);

}  // namespace gridloom::wire
