// How a battery of physics begins: with the charge of its file, or as its fields were left.
#pragma once

#include "sim/battery.h"
#include "sim/physics_load.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

// The charge in percent that the fields of a new device have, or else that of the part.
[[nodiscard]] double initial_soc(const Fields& fields, const BatteryPart& part);

// The charge, temperature and age that the fields show, as far as they do, after the time off.
[[nodiscard]] Battery::Options options_after(const BatteryPart& part, const Resumed& resumed);

}  // namespace gridloom::sim::physics
