// All parsers that read bytes of an unauthenticated peer, or bytes that are not trusted, and the
// cost that each may have. The reasons for the bounds: docs/internals/parser-cost.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gridloom::cost {

// In the units of counter.h: `fixed` for each call, plus `a_byte` for each byte of the input.
struct Bound {
  std::uint64_t fixed = 0;
  std::uint64_t a_byte = 0;

  [[nodiscard]] std::uint64_t of(std::size_t bytes) const { return fixed + a_byte * bytes; }
};

struct Parser {
  std::string_view name;
  std::size_t most_bytes = 0;  // largest input the platform passes, at default limits
  Bound bound;
  void (*read)(std::string_view bytes) = nullptr;
  std::string_view corpus;  // the fuzz target (tests/corpus) with the same input format
  std::size_t skip = 0;     // leading bytes that only the fuzz target uses
};

[[nodiscard]] std::span<const Parser> parsers();

// A parser that is deliberately not linear: each comma moves everything after it. A search must
// detect this.
[[nodiscard]] const Parser& quadratic_parser();

}  // namespace gridloom::cost
