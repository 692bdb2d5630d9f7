// The members of a body that name the devices of a home that are not known for all of a span.
#pragma once

#include "home/home_energies.h"
#include "own_api/bodies/energy.h"

namespace gridloom::api {

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
