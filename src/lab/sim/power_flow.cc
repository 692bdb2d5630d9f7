#include "sim/power_flow.h"

#include <algorithm>
#include <initializer_list>

namespace gridloom::sim {
namespace {

// The charger's power on the bus, at most; the AC loads have priority at the grid connection.
double charger_bus_w(const PowerOffer& offer) {
  if (!offer.charges) return 0;
  const double left_w = std::max(0.0, offer.import_w - offer.ac_loads_w);
  return std::min(offer.charger_w, left_w) * offer.charger_efficiency;
}

// Takes up to `wanted_w` from the sources, in their order; returns what they gave.
double draw(double wanted_w, std::initializer_list<double*> sources) {
  double drawn_w = 0;
  for (double* source : sources) {
    const double from_it_w = std::clamp(wanted_w - drawn_w, 0.0, *source);
    *source -= from_it_w;
    drawn_w += from_it_w;
  }
  return drawn_w;
}

}  // namespace

double battery_power_w(const PowerOffer& offer) {
  const double bus_w = offer.device_w + offer.dc_loads_w;
  const double inverter_w =
      std::min(offer.ac_loads_w, offer.inverter_w) / offer.inverter_efficiency;
  if (!offer.charges) {
    return std::clamp(offer.pv_w - bus_w - inverter_w, -offer.give_w, offer.take_w);
  }
  const double supply_w = offer.pv_w + charger_bus_w(offer);
  if (supply_w < bus_w) return -std::min(bus_w - supply_w, offer.give_w);
  return std::min(supply_w - bus_w, offer.take_w);
}

PowerFlow power_flow(const PowerOffer& offer, double battery_w) {
  double pv_w = offer.pv_w;
  double given_w = std::max(0.0, -battery_w);
  const double most_charger_w = charger_bus_w(offer);
  double charger_w = most_charger_w;

  PowerFlow flow;
  draw(offer.device_w, {&pv_w, &given_w, &charger_w});
  flow.dc_loads_w = draw(offer.dc_loads_w, {&pv_w, &given_w, &charger_w});
  draw(std::max(0.0, battery_w), {&pv_w, &charger_w});
  flow.charger_w = (most_charger_w - charger_w) / offer.charger_efficiency;

  const double efficiency = offer.inverter_efficiency;
  const double inverted_w = std::min(offer.ac_loads_w, offer.inverter_w) / efficiency;
  flow.inverter_w = draw(inverted_w, {&pv_w, &given_w}) * efficiency;
  const double imported_w =
      std::min(offer.ac_loads_w - flow.inverter_w, offer.import_w - flow.charger_w);
  flow.ac_loads_w = flow.inverter_w + std::max(0.0, imported_w);
  flow.import_w = flow.charger_w + std::max(0.0, imported_w);

  const double room_w = std::min(offer.export_w, offer.inverter_w - flow.inverter_w);
  // The battery gives more than is wanted for moments only, when it is late.
  flow.export_w = draw(room_w / efficiency, {&pv_w, &given_w}) * efficiency;
  flow.inverter_w += flow.export_w;
  flow.pv_w = offer.pv_w - pv_w;
  return flow;
}

}  // namespace gridloom::sim
