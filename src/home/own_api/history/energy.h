// GET /api/v1/devices/{sn}/energy and GET /api/v1/home/energy: parses the requested time spans and
// formats the responses (docs/user/energy.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/energy_query.h"
#include "home/home_energies.h"
#include "own_api/bodies/energy.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::api {

struct EnergyRequest {
  // As much of the span before as has passed of the span that is asked for, which still runs.
  struct SoFar {
    struct Part {
      std::size_t bucket = 0;  // index in EnergyRequest::buckets
      double share = 1;        // of it
    };
    std::int64_t until_ms = 0;
    std::vector<Part> parts{};
  };
  std::string_view period;  // "day", ...
  // The limits of the spans that are summed up, from the first begin to the last end.
  std::vector<std::int64_t> bounds{};
  // Those of the span before, if it is asked for; those of the span; parts for so_far alone.
  std::vector<history::SpanRange> buckets{};
  std::size_t compared = 0;  // buckets of the span before
  std::size_t end = 0;       // of the buckets of the span
  std::optional<SoFar> so_far{};
  std::int64_t from_ms = 0;  // of the span
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

// Adds the members of a body that name the devices of a home that are not known for all of a span.
// The body has views of `energies`.
template <typename Body>
void add_gaps(Body& body, const home::HomeEnergies& energies) {
  if (energies.gaps().empty()) return;
  auto& rows = body.unknown.emplace();
  rows.reserve(energies.gaps().size());
  for (const home::DeviceGap& gap : energies.gaps()) {
    rows.push_back({.sn = gap.sn, .unknown_s = gap.unknown_ms / 1000, .damaged = gap.is_damaged});
  }
  if (energies.gap_count() > rows.size()) body.unknown_devices = energies.gap_count();
}

}  // namespace gridloom::api
