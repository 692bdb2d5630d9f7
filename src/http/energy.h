// GET /api/v1/devices/{sn}/energy: which spans are asked for, and the answer
// (docs/user/energy.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/meters.h"
#include "wire/json.h"

namespace gridloom::http {

struct EnergyQuestion {
  std::string_view period;           // "day", ...
  std::vector<std::int64_t> bounds;  // of the buckets, from the first one's begin to the last's end
};
// kBadParams: which parameter is wrong, and what would be right.
[[nodiscard]] Result<EnergyQuestion> energy_question(const wire::JsonObject& params, TimePoint now);

// The JSON object of the answer; `sums` are of the buckets.
[[nodiscard]] std::string energy_answer(std::string_view sn, const history::Meters& meters,
                                        const EnergyQuestion& question,
                                        std::span<const history::Energies> sums);

}  // namespace gridloom::http
