// A family, compiled for the path of a report: where each declared quota sits, and how a message's
// envelope tells which quota names its body means. Made once a family, shared by all its twins.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "catalog/family.h"

namespace gridloom::twin {

// What energy sums are kept of (Wh). The device files name the powers by their nature.
enum class Counter : std::uint8_t {
  kPv,
  kBatteryIn,
  kBatteryOut,
  kGridIn,
  kGridOut,
  kLoad,
  kEv,
  kHeater,
  kHeatpump,
  kPvToEv,
  kPvToHeater,
  kPvToHeatpump,
  kCount
};

// The powers that energy is summed of, by the natures of the device files.
enum class Power : std::uint8_t {
  kPv,
  kBattery,  // + charging
  kBatteryCharge,
  kBatteryDischarge,
  kGrid,  // + import
  kGridImport,
  kLoad,
  kEv,
  kHeater,
  kHeatpump,
  kCount
};
using Powers = std::array<double, static_cast<std::size_t>(Power::kCount)>;

// A power that counts: `watts = wire value * scale`.
struct Meter {
  std::string name;
  Power power{};
  double scale = 1;
};

struct Layout {
  explicit Layout(catalog::FamilyPtr of);

  struct Envelope {
    std::vector<std::pair<std::string, std::string>> match;  // member -> its JSON text
    std::string prefix;
  };

  catalog::FamilyPtr family;
  std::vector<std::string> names;  // declared quotas without '*', in the file's order
  StringMap<std::size_t> index;
  std::vector<Envelope> envelopes;
  std::vector<Meter> meters;
};

using LayoutPtr = std::shared_ptr<const Layout>;

}  // namespace gridloom::twin
