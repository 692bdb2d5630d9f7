// The role of a device in its home, by the natures of its family's fields. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "catalog/family.h"
#include "history/energy/energy_sources.h"

namespace gridloom::history {

// The field that is the charge of the family's battery; null: it has none.
[[nodiscard]] const catalog::Field* charge_field(const catalog::Family& family);
// Whether the family has a charge.
[[nodiscard]] bool has_charge(const catalog::Family& family);
// Whether a device with these sources can report the power at all.
[[nodiscard]] bool measures(const EnergySources& sources, Power power);
[[nodiscard]] bool has_battery(const EnergySources& sources);

enum class Role : std::uint8_t {
  kMeter,     // measures the home's connection to the grid
  kFeeder,    // gives to the home, and does not measure the grid
  kConsumer,  // draws from a socket of the home
  kPanel,     // reports a charge only
  kOther
};
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] Role role_of(const catalog::Family& family);
// Its role where another device of the home measures the grid.
[[nodiscard]] Role role_without_grid(const catalog::Family& family, const EnergySources& sources);

}  // namespace gridloom::history
