// The bodies of GET /api/v1/devices/SN/energy and GET /api/v1/home/energy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "history/energy/energy_flow.h"
#include "overview/home_flows.h"

namespace gridloom::api {

template <>
struct schema::Words<overview::Quantity> {
  using enum overview::Quantity;
  static constexpr std::string_view kName = "HomeQuantity";
  static constexpr std::array kValues = {kSun,        kBatteryIn, kBatteryOut, kGridImport,
                                         kGridExport, kHome,      kCar,        kHeat};
};

}  // namespace gridloom::api

namespace gridloom::api::body {

struct Period {
  static constexpr std::string_view kName = "Period";
  static constexpr std::array<std::string_view, 4> kWords = {"day", "week", "month", "year"};
};

// The span that the energies of a span are compared with.
struct Comparison {
  static constexpr std::string_view kName = "Comparison";
  static constexpr std::array<std::string_view, 1> kWords = {"previous"};
};

// By history::EnergyFlow.
struct Quantity {
  static constexpr std::string_view kName = "Quantity";
  static constexpr std::array<std::string_view, history::kEnergyFlows> kWords = {
      "pv", "batteryIn", "batteryOut", "gridIn", "gridOut",    "home",
      "ev", "heater",    "heatpump",   "pvToEv", "pvToHeater", "pvToHeatpump"};
};

// Sums of those flows that the device's family can provide, as far as they are known.
struct EnergySums {
  std::int64_t unknown_s = 0;
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

struct EnergySpan {
  std::string from;
  std::string to;
  std::vector<Bucket> buckets{};
  EnergySums total{};
  std::optional<Bucket> so_far{};  // of a previous span
};
const schema::Body& describe(schema::Of<EnergySpan> /*of*/);

// A device of which energies of the span were counted before a correction of its family.
struct OutdatedEnergies {
  std::string_view sn;
  std::int64_t outdated_s = 0;
  std::vector<std::string> corrections{};
};
const schema::Body& describe(schema::Of<OutdatedEnergies> /*of*/);

struct Energy : EnergySpan {
  std::string_view sn;
  schema::WordOf<Period> period;
  std::vector<schema::WordOf<Quantity>> quantities{};
  std::optional<std::vector<OutdatedEnergies>> outdated{};
  std::optional<EnergySpan> previous{};
};
const schema::Body& describe(schema::Of<Energy> /*of*/);

// Sums of the home, as far as they are known.
struct HomeEnergySums {
  std::int64_t unknown_s = 0;
  bool at_least = false;
  std::optional<double> sun_kwh{};
  std::optional<double> battery_in_kwh{};
  std::optional<double> battery_out_kwh{};
  std::optional<double> grid_import_kwh{};
  std::optional<double> grid_export_kwh{};
  std::optional<double> home_kwh{};
  std::optional<double> car_kwh{};
  std::optional<double> heat_kwh{};
  std::optional<double> self_sufficiency_percent{};
  std::optional<double> self_consumption_percent{};
};
const schema::Body& describe(schema::Of<HomeEnergySums> /*of*/);

// By overview::Quantity.
inline constexpr std::array<std::optional<double> HomeEnergySums::*, overview::kQuantities>
    kHomeSums = {&HomeEnergySums::sun_kwh,         &HomeEnergySums::battery_in_kwh,
                 &HomeEnergySums::battery_out_kwh, &HomeEnergySums::grid_import_kwh,
                 &HomeEnergySums::grid_export_kwh, &HomeEnergySums::home_kwh,
                 &HomeEnergySums::car_kwh,         &HomeEnergySums::heat_kwh};

struct HomeBucket : HomeEnergySums {
  std::string from;
  std::string to;
};
const schema::Body& describe(schema::Of<HomeBucket> /*of*/);

struct HomeEnergySpan {
  std::string from;
  std::string to;
  std::vector<HomeBucket> buckets{};
  HomeEnergySums total{};
  std::optional<HomeBucket> so_far{};  // of a previous span
};
const schema::Body& describe(schema::Of<HomeEnergySpan> /*of*/);

// A device that is not known for a part of the span.
struct DeviceGap {
  std::string_view sn;
  std::int64_t unknown_s = 0;
  bool damaged = false;
};
const schema::Body& describe(schema::Of<DeviceGap> /*of*/);

inline constexpr std::string_view kGapsText =
    "The first 8 devices that are not known for all of the span, those with damaged history in "
    "front; absent: all are known";
inline constexpr std::string_view kGapDevicesText =
    "How many devices there are, where unknown names the first of them only";

struct HomeEnergy : HomeEnergySpan {
  schema::WordOf<Period> period;
  std::vector<overview::Quantity> quantities{};
  std::optional<std::vector<DeviceGap>> unknown{};
  std::optional<std::size_t> unknown_devices{};
  std::optional<std::vector<OutdatedEnergies>> outdated{};
  std::optional<HomeEnergySpan> previous{};
};
const schema::Body& describe(schema::Of<HomeEnergy> /*of*/);

}  // namespace gridloom::api::body
