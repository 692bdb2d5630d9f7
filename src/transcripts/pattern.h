// JSON with holes: what a transcript expects of a message.
//
// A hole is a word in angle brackets where JSON has a value: <id> <time> <trace> <number> <string>
// <bool> <array> <object> <any>. <...> stands for further members of an object or further elements
// of an array. Everything else must be equal; the order of members does not matter, and 5 equals
// 5.0. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace gridloom::transcripts {

struct Difference {
  std::string path;  // data.quotas[3]
  std::string expected;
  std::string got;
};

class Pattern {
 public:
  // kMalformed: no JSON, or an unknown hole.
  [[nodiscard]] static Result<Pattern> parse(std::string_view text);

  // The first place where `got` is not as it should be.
  [[nodiscard]] std::optional<Difference> difference(const wire::Json& got) const;

  // How many places differ, to find the message that was meant among several. One whose plain
  // members (typeCode, cmdId) are others is of another kind, and further away than any of its own.
  [[nodiscard]] std::size_t distance(const wire::Json& got) const;

  // What matches `got`: with this pattern's holes where they still fit, and its order of members.
  [[nodiscard]] Pattern adapted_to(const wire::Json& got) const;

  // What matches `got` and nothing else, but for what is new in every message.
  [[nodiscard]] static Pattern of(const wire::Json& got);

  // On lines of at most 100 columns; the first one begins after `prefix`, the others are indented.
  [[nodiscard]] std::string text(std::string_view prefix) const;

 private:
  explicit Pattern(wire::Json root) : root_(std::move(root)) {}

  wire::Json root_;  // holes are strings that begin with kHole
};

}  // namespace gridloom::transcripts
