// A query for energies that is done at once, for tests.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "history/energy_query.h"

namespace gridloom::history {

// Sums for the spans between neighbours of `bounds`, which ascend and are multiples of a quarter of
// an hour.
[[nodiscard]] inline Result<std::vector<Energies>> energies_between(
    Reader& reader, DeviceNumber device, const EnergySources& sources,
    std::span<const std::int64_t> bounds) {
  EnergyQuery query(
      {.device = device, .sources = sources, .bounds = {bounds.begin(), bounds.end()}});
  while (!query.done()) {
    GL_TRY(query.work(reader));
  }
  return query.sums();
}

}  // namespace gridloom::history
