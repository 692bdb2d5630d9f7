// The body of GET /api/v1/evcc: what evcc's custom meters ask for, under their names and with their
// signs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/schema/body.h"

namespace gridloom::api::body {

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

struct Evcc {
  std::int64_t now_ms = 0;
  std::optional<std::string_view> epoch{};
  std::optional<EvccGrid> grid{};
  std::optional<EvccPv> pv{};
  std::optional<EvccBattery> battery{};
  std::vector<EvccDevice> devices{};
};
const schema::Body& describe(schema::Of<Evcc> /*of*/);

}  // namespace gridloom::api::body
