// Looks for the inputs that cost a parser most for each of their bytes: mutates what is known, and
// goes on from what was more expensive than anything of its size before. The same seed finds the
// same, on every machine.
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

// What reading the bytes costs, in the units of counter.h. What a parser makes once is made before.
[[nodiscard]] std::uint64_t cost_of(const Parser& parser, std::string_view bytes);

struct SearchResult {
  std::vector<Found> worst;   // one for each size that was looked at, from the smallest
  std::vector<Found> beyond;  // the parser's bound; the search ends with the first
};
[[nodiscard]] SearchResult search(const Parser& parser, const std::vector<Recipe>& known,
                                  std::size_t executions, std::uint64_t seed);

}  // namespace gridloom::cost
