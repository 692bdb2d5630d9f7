// The body of GET /api/v1/devices/SN/energy.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "history/energy/energy_flow.h"

namespace gridloom::api::body {

struct Period {
  static constexpr std::string_view kName = "Period";
  static constexpr std::array<std::string_view, 4> kWords = {"day", "week", "month", "year"};
};

// By history::EnergyFlow.
struct Quantity {
  static constexpr std::string_view kName = "Quantity";
  static constexpr std::array<std::string_view, history::kEnergyFlows> kWords = {
      "pv", "batteryIn", "batteryOut", "gridIn", "gridOut",    "home",
      "ev", "heater",    "heatpump",   "pvToEv", "pvToHeater", "pvToHeatpump"};
};

// Sums of those flows that the device's family can provide.
struct EnergySums {
  std::optional<double> pv_kwh{};
  std::optional<double> battery_in_kwh{};
  std::optional<double> battery_out_kwh{};
  std::optional<double> grid_in_kwh{};
  std::optional<double> grid_out_kwh{};
  std::optional<double> home_kwh{};
  std::optional<double> ev_kwh{};
  std::optional<double> heater_kwh{};
  std::optional<double> heatpump_kwh{};
  std::optional<double> pv_to_ev_kwh{};
  std::optional<double> pv_to_heater_kwh{};
  std::optional<double> pv_to_heatpump_kwh{};
  std::optional<double> self_sufficiency{};
  std::optional<double> self_consumption{};
};
const schema::Body& describe(schema::Of<EnergySums> /*of*/);

// By history::EnergyFlow.
inline constexpr std::array<std::optional<double> EnergySums::*, history::kEnergyFlows> kFlowSums =
    {&EnergySums::pv_kwh,       &EnergySums::battery_in_kwh,   &EnergySums::battery_out_kwh,
     &EnergySums::grid_in_kwh,  &EnergySums::grid_out_kwh,     &EnergySums::home_kwh,
     &EnergySums::ev_kwh,       &EnergySums::heater_kwh,       &EnergySums::heatpump_kwh,
     &EnergySums::pv_to_ev_kwh, &EnergySums::pv_to_heater_kwh, &EnergySums::pv_to_heatpump_kwh};

struct Bucket : EnergySums {
  std::string from;
  std::string to;
};
const schema::Body& describe(schema::Of<Bucket> /*of*/);

struct Energy {
  std::string_view sn;
  schema::WordOf<Period> period;
  std::string from;
  std::string to;
  std::vector<schema::WordOf<Quantity>> quantities{};
  std::vector<Bucket> buckets{};
  EnergySums total{};
};
const schema::Body& describe(schema::Of<Energy> /*of*/);

}  // namespace gridloom::api::body
