// Every parser that reads bytes of a peer who has not shown yet who it is, or whose bytes are not
// believed, and what each may cost. Why a bound is what it is: docs/internals/parser-cost.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gridloom::cost {

// In the units of counter.h: `fixed` for each call, and `a_byte` for each of the input's bytes.
struct Bound {
  std::uint64_t fixed = 0;
  std::uint64_t a_byte = 0;

  [[nodiscard]] std::uint64_t of(std::size_t bytes) const { return fixed + a_byte * bytes; }
};

struct Parser {
  std::string_view name;
  std::size_t most_bytes = 0;  // that the platform hands to it, with the limits as they are set
  Bound bound;
  void (*read)(std::string_view bytes) = nullptr;
  std::string_view corpus;  // of which fuzz target (tests/corpus) the inputs are like its own
  std::size_t skip = 0;     // bytes at an input's front that are the fuzz target's own
};

[[nodiscard]] std::span<const Parser> parsers();

// A parser that is not linear: each comma moves all that follows. A search must find this out.
[[nodiscard]] const Parser& quadratic_parser();

}  // namespace gridloom::cost
