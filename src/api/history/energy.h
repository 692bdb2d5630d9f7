// GET /api/v1/devices/{sn}/energy and GET /api/v1/home/energy: parses the requested time spans and
// formats the responses (docs/user/energy.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/energy_query.h"
#include "home/home_energies.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

struct EnergyRequest {
  std::string_view period;  // "day", ...
  // Bucket limits, from the first begin to the last end. Those of the span before come first, if it
  // is asked for.
  std::vector<std::int64_t> bounds;
  std::size_t compared = 0;  // buckets of the span before
  std::int64_t now_ms = 0;
  time::TimeZone zone{};  // in which times are shown
};
// kBadParams: the detail names the wrong parameter and what would be right.
[[nodiscard]] Result<EnergyRequest> parse_energy_request(const wire::JsonObject& params,
                                                         const time::Now& now);

// The JSON object of the response; the query is done, and is of the bounds of the request.
[[nodiscard]] std::string energy_response(std::string_view sn, const EnergyRequest& request,
                                          const history::EnergyQuery& query);
// The response for the home; the energies are done, and are of the bounds of the request.
[[nodiscard]] std::string home_energy_response(const EnergyRequest& request,
                                               const home::HomeEnergies& energies);

}  // namespace gridloom::api
