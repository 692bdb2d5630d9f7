// Devices as UPSs: the variables that Network UPS Tools has names for, made of natures. A value
// that is not known has no variable. Pure.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/core/device_book.h"
#include "catalog/family.h"

namespace gridloom::bridges::nut {

struct Thresholds {
  double charge_percent = 20;
  std::chrono::seconds runtime{300};
};

struct Ups {
  std::string sn;
  std::string alias;        // the device's name as one word; empty: it has none of its own
  std::string description;  // the device's name and product
  bool is_stale = false;    // the variables are of the past
  std::map<std::string, std::string, std::less<>> variables{};
};

// By serial number and by alias. An alias that two devices have stands for neither.
using UpsMap = std::map<std::string, std::shared_ptr<const Ups>, std::less<>>;

// Whether devices of the family can be an UPS: they have a battery.
[[nodiscard]] bool can_be_ups(const catalog::Family& family);
// Whether the device has power from the grid, by the natures grid.present and grid.voltage.
// Nothing: the family does not report it, or the device has not yet.
[[nodiscard]] std::optional<bool> has_grid(const BookDevice& device);
[[nodiscard]] Ups ups_of(const BookDevice& device, const Thresholds& thresholds);
// The device's name as the name of an UPS: letters, digits, '-', '_' and '.'.
[[nodiscard]] std::string alias_of(std::string_view name);

// The meaning of a variable; empty: it is none of those that devices can have.
[[nodiscard]] std::string_view description_of(std::string_view variable);

}  // namespace gridloom::bridges::nut
