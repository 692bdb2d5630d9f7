// The energies of one hour of a device, from what it said: powers held from report to report, and
// the differences of its own counters, where it has them.
//
// Every moment is counted once, by the hour in which its end is known: a quantity's account of an
// hour reaches from where that of the hour before ended (in the block before, however long ago) to
// the hour's last row, or to its last sample of the counter. So the accounts of any number of hours
// add up, and the piece over a border stands with the later hour, under its own time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/hour_rows.h"
#include "history/hours.h"
#include "history/meters.h"
#include "history/quantity.h"

namespace gridloom::history {

struct HourEnergies {
  // Energy of a counter over a time of which no more is known: spread evenly.
  struct Stretch {
    Quantity quantity{};
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    double wh = 0;
  };

  std::map<std::int64_t, Energies> quarters;  // by quarters of an hour since 1970
  std::vector<Stretch> stretches;             // each longer than two hours
  // By field, in W: powers that had been said before the hour's first row, and held then. Who
  // accounts for the next hour needs them: a device may say a thing once and never again.
  std::map<FieldId, double> held;

  // What of it lies in [from, to), both on a quarter.
  [[nodiscard]] Energies within(std::int64_t from_ms, std::int64_t to_ms) const;
};

// `before`: the last hour before it in which the device said anything; empty: there is none. An
// hour in which it only came or went has no energies, and is part of the gap around it. What was
// held when `before` began is to be told to it (HourRows::hold).
[[nodiscard]] HourEnergies account(const Meters& meters, const HourRows& before,
                                   const HourRows& rows);

// As bytes, to the milliwatt-hour (docs/internals/formats.md shows them), and back. kMalformed: not
// such bytes, or of a later version.
[[nodiscard]] std::string to_bytes(std::int64_t hour, const HourEnergies& energies);
[[nodiscard]] Result<HourEnergies> energies_of(std::int64_t hour, std::string_view bytes);

}  // namespace gridloom::history
