// A pattern for JSON messages, with which a transcript states its expectations.
//
// A hole is a word in angle brackets in place of a JSON value: <id> <time> <trace> <number>
// <string> <bool> <array> <object> <any>. <...> stands for further members of an object or further
// elements of an array. Everything else must be equal; the order of members does not matter, and 5
// equals 5.0. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
  // kMalformed: the text is not JSON, or contains an unknown hole.
  [[nodiscard]] static Result<Pattern> parse(std::string_view text);

  // The first difference between the pattern and `got`; no value if `got` matches.
  [[nodiscard]] std::optional<Difference> difference(const wire::Json& got) const;

  // The number of places that differ, used to find the intended message among several. A message
  // whose identifying members (typeCode, cmdId) differ is of another kind, and its distance is
  // larger than that of any message of the same kind.
  [[nodiscard]] std::size_t distance(const wire::Json& got) const;

  // A pattern that matches `got`, keeping this pattern's holes where they still fit and its order
  // of members.
  [[nodiscard]] Pattern adapted_to(const wire::Json& got) const;

  // A pattern that matches only `got`, apart from the values that are new in every message.
  [[nodiscard]] static Pattern of(const wire::Json& got);

  // Formats the pattern in lines of at most 100 columns; the first line starts after `prefix`, the
  // others are indented.
  [[nodiscard]] std::string text(std::string_view prefix) const;

 private:
  explicit Pattern(wire::Json root) : root_(std::move(root)) {}

  wire::Json root_;  // holes are strings that begin with kHole
};

}  // namespace gridloom::transcripts
