// The fields of a device family that are powers or energy counters, by the natures in its device
// file (docs/user/energy.md describes the results).
//
// A power is the first field of its nature and those that the file calls parts of it; a '*' in a
// name stands for every module. Their values are summed. All fields of a counter's nature are its
// parts: together they make up the flow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "catalog/plausible.h"
#include "history/energy/energy_flow.h"

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

// Power per energy flow in W, none below 0.
[[nodiscard]] Energies watts_of(const Powers& powers);

struct EnergySources {
  EnergySources() = default;
  explicit EnergySources(const catalog::Family& family);

  // The value on the wire times `scale` is in W, or in Wh for a counter.
  struct PowerField {
    std::string name;
    std::string member{};  // of the elements of an array, whose sum it is; empty: it is the value
    Power power{};
    double scale = 1;
    double most_w = catalog::kMostPower_w;  // what is beyond, either way, is not known
    // It counts while this one of `conditions` is met.
    std::optional<std::uint32_t> condition{};
    friend bool operator==(const PowerField&, const PowerField&) = default;
  };
  struct CounterField {
    std::string name;
    EnergyFlow flow{};
    double scale = 1;
    friend bool operator==(const CounterField&, const CounterField&) = default;
  };

  std::vector<PowerField> powers;
  std::vector<catalog::Field::When> conditions;
  std::vector<CounterField> counters;
  std::vector<EnergyFlow> flows;  // flows that the family can provide, in enum order
  std::string product{};
  std::vector<std::string> corrections{};  // what was once counted wrongly, the oldest first

  // Stored energies with a lower one were counted before a correction.
  [[nodiscard]] std::uint32_t revision() const {
    return static_cast<std::uint32_t>(corrections.size()) + 1;
  }
  [[nodiscard]] bool empty() const { return powers.empty() && counters.empty(); }
  friend bool operator==(const EnergySources&, const EnergySources&) = default;

 private:
  void add_power(const catalog::Field& field, const catalog::Field& measured,
                 std::string_view member);
};

// True if `name` matches the quota name `pattern`; a '*' segment of the pattern matches any
// segment.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

}  // namespace gridloom::history
