// The state of a device now, in the few figures that all families have: charge, sun, grid, load,
// battery, and the errors it reports. The fields of these are in the device file: `nature` and
// `error`. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "catalog/readable_values.h"
#include "history/energy/device_role.h"
#include "history/energy/energy_sources.h"
#include "wire/json.h"

namespace gridloom::overview {

using history::charge_field;
using history::has_charge;
using history::measures;

struct ActiveError {
  std::string field;  // the quota, and behind it where in its value the error stands
  std::string text;   // the field's title, and the meaning of the value
  std::string title{};
  std::string meaning{};
  wire::Json value{};
  std::string quota{};  // whose value says so
  catalog::Severity severity = catalog::Severity::kFault;
};

// By history::Power; nothing: not known.
using KnownPowers = std::array<std::optional<double>, history::kPowers>;

// Nothing: the family does not measure it, or the device has not reported it.
struct Overview {
  std::optional<double> charge_percent{};
  std::optional<double> sun_w{};
  std::optional<double> grid_w{};  // + import
  std::optional<double> load_w{};
  std::optional<double> battery_w{};  // + charging
  // How long the battery can continue as now: one of both while it charges or discharges.
  std::optional<double> full_in_min{};
  std::optional<double> empty_in_min{};
  std::optional<double> capacity_wh{};  // of the full battery
  // The household meter that tells the device the power of its site; empty: none.
  std::string meter_sn{};
  bool has_heat_pump = false;  // it reports the temperature of one
  // By history::Power, with the signs of the natures; the figures above are sums of these.
  KnownPowers powers_w{};
  std::vector<ActiveError> errors{};
};

// Whether overview_of() uses a value of the quota.
[[nodiscard]] bool is_in_overview(const catalog::Family& family, std::string_view quota);

// + charging. Nothing: not measured, or the device has reported only one of charge and discharge.
[[nodiscard]] std::optional<double> battery_power(const history::EnergySources& sources,
                                                  const KnownPowers& powers_w);

// The figures of a device that is off because no sun feeds it (catalog::awake_formula()): all
// powers that it measures are 0.
[[nodiscard]] Overview overview_without_sun(const history::EnergySources& sources);

[[nodiscard]] Overview overview_of(const catalog::Family& family,
                                   const std::vector<catalog::FlatValue>& values);

// The same error in the words of `family`, which differs from the device's own in its texts only.
[[nodiscard]] ActiveError in_words_of(const catalog::Family& family, const ActiveError& error);

}  // namespace gridloom::overview
