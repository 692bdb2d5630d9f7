// The energies of a home, added up from those of its devices, for a server that does not do it
// (GET /api/v1/home/energy). Pure.
#pragma once

#include <span>
#include <string>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::app {

// A device of the home with the answer of GET /api/v1/devices/SN/energy.
struct DeviceEnergy {
  catalog::FamilyPtr family;
  wire::Json answer;
  std::string sn{};
  std::string meter_sn{};  // the household meter that it names; empty: none
};

// The home is not the sum of its devices: what one draws from a socket is in the meter's figure
// already. In the form of GET /api/v1/home/energy: {"period","from","to",
// "buckets":[{"from","to","sun_kwh",..},..],"total":{"sun_kwh",..}}; a sum of which nothing is
// known is absent. The answers are of the same span.
[[nodiscard]] wire::JsonObject home_energy_of(std::span<const DeviceEnergy> devices);

}  // namespace gridloom::app
