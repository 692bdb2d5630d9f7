// Fuzzes the reader with any bytes, as they are and after a good head: rollups that can be read can
// be written, and are then read as the same rollups.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "history/blocks/rollup.h"

namespace {

namespace history = gridloom::history;

void require(bool holds) {
  if (!holds) std::abort();
}

// Equality in which NaN equals NaN.
bool same(double one, double other) { return one == other || (one != one && other != other); }

void read(const std::string& bytes) {
  const auto first = history::read_rollups(1, bytes);
  if (!first) return;
  auto again = history::read_rollups(1, history::write_rollups(*first));
  require(again.has_value());
  for (std::size_t i = 0; i < history::kQuarters; ++i) {
    const auto& was = (*first)[i].fields;
    auto& is = (*again)[i].fields;
    require(is.size() == was.size());
    for (std::size_t k = 0; k < is.size(); ++k) {
      require(is[k].field == was[k].field && is[k].count == was[k].count);
      require(is[k].held_ms == was[k].held_ms && is[k].texts == was[k].texts);
      require(is[k].last_text == was[k].last_text);
      if (is[k].count == 0) continue;
      require(same(is[k].min, was[k].min) && same(is[k].max, was[k].max));
      require(same(is[k].last, was[k].last));
    }
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  read(bytes);
  read(std::string{'\x01', '\0'} + bytes);
  return 0;
}
