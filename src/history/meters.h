// What counts for a family: the fields that are powers or energy counters, by the natures in its
// device file (docs/user/energy.md says what comes of them).
//
// A power is the first field of its nature; a '*' in its name stands for every module, and they are
// summed. A counter may be made of several fields, the parts: together they cover the quantity.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "history/quantity.h"

namespace gridloom::history {

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
};
inline constexpr std::size_t kPowers = 10;
using Powers = std::array<double, kPowers>;  // W

// W of each quantity, none below 0.
[[nodiscard]] Energies watts_of(const Powers& powers);

struct Meters {
  Meters() = default;
  explicit Meters(const catalog::Family& family);

  // Wire value * scale is W, or Wh of a counter.
  struct PowerField {
    std::string name;
    Power power{};
    double scale = 1;
  };
  struct CounterField {
    std::string name;
    Quantity quantity{};
    double scale = 1;
  };

  std::vector<PowerField> powers;
  std::vector<CounterField> counters;
  std::vector<Quantity> quantities;  // that the family can say anything of, in their order

  [[nodiscard]] bool empty() const { return powers.empty() && counters.empty(); }
};

// Whether `name` is the quota name `pattern`, a '*' segment of which stands for any other.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

}  // namespace gridloom::history
