// What a device is doing now, in the few figures that all families have: charge, sun, grid, load,
// battery, and the errors it reports. Which fields they are is in the device file: `nature` and
// `error`. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/home/values.h"
#include "catalog/family.h"

namespace gridloom::app {

struct ActiveError {
  std::string field;
  std::string text;  // the field's title, and the name of the value
};

// Nothing: the family does not measure it, or the device has not reported it.
struct Overview {
  std::optional<double> charge_percent{};
  std::optional<double> sun_w{};
  std::optional<double> grid_w{};  // + import
  std::optional<double> load_w{};
  std::optional<double> battery_w{};  // + charging
  std::vector<ActiveError> errors{};
};

[[nodiscard]] Overview overview_of(const catalog::Family& family,
                                   const std::vector<FlatValue>& values);

}  // namespace gridloom::app
