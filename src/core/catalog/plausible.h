// The numbers that a real device can have. One that is beyond is not known, whoever reads it,
// counts it or passes it on: a battery that gets a power of 1e308 W acts on it. Pure.
#pragma once

#include "catalog/family.h"

namespace gridloom::catalog {

// The limit of a power without a rating.
inline constexpr double kMostPower_w = 1e9;

// `number` is in the field's unit. A power is at most ten times what the parts of the product are
// rated for together; that of the grid or of all loads may be that of a whole house, 100 kW. A
// battery's charge is from 0 to 100 %; volts, amperes, hertz and degrees are at most 10,000.
[[nodiscard]] bool is_plausible(const Field& field, double number);
// The same of a power of which nothing else is known.
[[nodiscard]] bool is_plausible_power(double watts);

// Whether to take a number that came from elsewhere for the field, as it is on the wire: it is
// plausible and not far beyond the field's range, or has a meaning of its own.
[[nodiscard]] bool may_arrive(const Field& field, double number);

// Fills Field::plausible; the loader calls it.
void fill_plausible(Family& family);

}  // namespace gridloom::catalog
