// GET /api/v1/devices/{sn}/energy: parses the requested time spans and formats the response
// (docs/user/energy.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/energy/energy_sources.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

struct EnergyRequest {
  std::string_view period;           // "day", ...
  std::vector<std::int64_t> bounds;  // bucket limits, from the first begin to the last end
  time::TimeZone zone{};             // in which they are shown
};
// kBadParams: the detail names the wrong parameter and what would be right.
[[nodiscard]] Result<EnergyRequest> parse_energy_request(const wire::JsonObject& params,
                                                         const time::Now& now);

// The JSON object of the response; `sums` has one entry per bucket.
[[nodiscard]] std::string energy_response(std::string_view sn,
                                          const history::EnergySources& sources,
                                          const EnergyRequest& question,
                                          std::span<const history::Energies> sums);

}  // namespace gridloom::api
