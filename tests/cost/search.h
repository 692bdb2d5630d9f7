// Searches for the inputs with the highest cost per byte for a parser: mutates known inputs, and
// continues from each input that costs more than all earlier ones of its size. The same seed finds
// the same inputs on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "cost/parsers.h"
#include "cost/recipe.h"

namespace gridloom::cost {

struct Found {
  Recipe recipe = {};
  std::size_t bytes = 0;
  std::uint64_t units = 0;

  [[nodiscard]] double units_a_byte() const;
};

// The cost of reading the bytes, in the units of counter.h. The one-time initialization of the
// parser is done before and not counted.
[[nodiscard]] std::uint64_t cost_of(const Parser& parser, std::string_view bytes);

struct SearchResult {
  std::vector<Found> worst;   // one for each size that was tried, smallest first
  std::vector<Found> beyond;  // inputs over the parser's bound; the first ends the search
};
[[nodiscard]] SearchResult search(const Parser& parser, const std::vector<Recipe>& known,
                                  std::size_t executions, std::uint64_t seed);

}  // namespace gridloom::cost
