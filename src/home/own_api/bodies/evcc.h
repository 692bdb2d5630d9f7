// The body of GET /api/v1/evcc: what evcc's custom meters ask for, under their names and with their
// signs; and those of POST /api/v1/evcc/batterymode.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/schema/body.h"
#include "catalog/battery_modes.h"
#include "home/battery_modes.h"

namespace gridloom::api {

template <>
struct schema::Words<catalog::BatteryMode> {
  static constexpr std::string_view kName = "BatteryModeName";
  static constexpr auto kValues = catalog::kBatteryModes;
};

template <>
struct schema::Words<home::ModeState> {
  using enum home::ModeState;
  static constexpr std::string_view kName = "ModeState";
  static constexpr std::array kValues = {kSent, kApplied, kNotApplied, kRestoring};
};

namespace body {

using EvccNumber = std::optional<double>;

struct EvccGrid {
  EvccNumber power_w{};
  EvccNumber energy_kwh{};
  EvccNumber return_energy_kwh{};
};
const schema::Body& describe(schema::Of<EvccGrid> /*of*/);

struct EvccPv {
  EvccNumber power_w{};
  EvccNumber energy_kwh{};
};
const schema::Body& describe(schema::Of<EvccPv> /*of*/);

struct EvccBattery {
  EvccNumber power_w{};
  EvccNumber soc_percent{};
  EvccNumber capacity_kwh{};
  EvccNumber energy_kwh{};
  EvccNumber return_energy_kwh{};
};
const schema::Body& describe(schema::Of<EvccBattery> /*of*/);

struct EvccDevice {
  std::string_view sn;
  std::string_view name;
  std::optional<EvccPv> pv{};
  std::optional<EvccBattery> battery{};
};
const schema::Body& describe(schema::Of<EvccDevice> /*of*/);

struct BatteryModeState {
  std::string_view sn;
  int mode = 0;
  catalog::BatteryMode name{};
  home::ModeState state{};
  std::int64_t until_ms = 0;
};
const schema::Body& describe(schema::Of<BatteryModeState> /*of*/);

// The answer to a request for a mode.
struct BatteryModes {
  std::vector<BatteryModeState> modes{};
};
const schema::Body& describe(schema::Of<BatteryModes> /*of*/);

// The request, which is read elsewhere.
struct NewBatteryMode {};
const schema::Body& describe(schema::Of<NewBatteryMode> /*of*/);

struct Evcc {
  std::int64_t now_ms = 0;
  std::optional<std::string_view> epoch{};
  std::optional<EvccGrid> grid{};
  std::optional<EvccPv> pv{};
  std::optional<EvccBattery> battery{};
  std::vector<EvccDevice> devices{};
  std::optional<std::vector<BatteryModeState>> modes{};
};
const schema::Body& describe(schema::Of<Evcc> /*of*/);

}  // namespace body
}  // namespace gridloom::api
