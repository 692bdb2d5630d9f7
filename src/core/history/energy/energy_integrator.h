// Computes the energies of one hour of a device from its reported values: powers, which are held
// from report to report, and differences of the device's own energy counters, where it has them.
//
// Every moment is counted exactly once, in the hour in which its end is known. The account of a
// flow for an hour begins where that of the hour before ended (in the block before, however long
// ago) and ends at the hour's last row, or at its last sample of the counter. So the accounts of
// any number of hours add up, and the energy across a border belongs to the later hour, under its
// own time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/blocks/hours.h"
#include "history/energy/energy_flow.h"
#include "history/energy/energy_sources.h"
#include "history/energy/hour_rows.h"
#include "history/energy/known_time.h"

namespace gridloom::history {

struct HourEnergies {
  // Energy of a counter over a time without further information: spread evenly.
  struct Stretch {
    EnergyFlow flow{};
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    double wh = 0;
  };

  std::uint32_t revision = 1;  // EnergySources::revision() of those that they were computed with
  std::map<std::int64_t, Energies> quarters;  // key: quarters of an hour since 1970
  std::vector<Stretch> stretches;             // each longer than two hours
  // By field, in W: powers that were reported before the hour's first row and still held then. The
  // account of the next hour needs them: a device may report a value once and never again.
  std::map<FieldId, double> held;
  // The time that the account covers; may begin before the hour. Spans of one flow are those that
  // only its counter covers, so they do not overlap with those of all flows.
  std::vector<KnownSpan> known;

  // The energies within [from, to); both are multiples of a quarter of an hour.
  [[nodiscard]] Energies within(std::int64_t from_ms, std::int64_t to_ms) const;
};

// `before`: the last earlier hour in which the device reported anything; empty: there is none. An
// hour in which the device only connected or disconnected has no energies, and is part of the gap
// around it. Powers held when `before` began must be passed to it (HourRows::hold).
[[nodiscard]] HourEnergies integrate_hour(const EnergySources& sources, const HourRows& before,
                                          const HourRows& rows);

// Converts to bytes, with a resolution of one milliwatt-hour (format: docs/internals/formats.md),
// and back. kMalformed: invalid bytes, or of a later version.
inline constexpr std::uint8_t kEnergiesVersion = 4;  // the first byte
[[nodiscard]] std::string to_bytes(std::int64_t hour, const HourEnergies& energies);
[[nodiscard]] Result<HourEnergies> energies_of(std::int64_t hour, std::string_view bytes);
// HourEnergies::revision alone. Nothing: invalid bytes.
[[nodiscard]] std::optional<std::uint32_t> energy_revision_of(std::string_view bytes);

}  // namespace gridloom::history
