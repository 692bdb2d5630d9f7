// The condition of an invariant about a virtual device: "energy balances", "values in range", or a
// comparison of two values, as in "inv.outputWatts <= 300 while inv.cfgAcEnabled == 1".
//
// Values are as the device reports them, in the units on the wire. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "sim/model.h"
#include "sim/virtual_device.h"

namespace gridloom::transcripts {

// A device, and its energy balance when watching began.
struct WatchedDevice {
  const sim::VirtualDevice* device = nullptr;
  sim::Balance begun;
  std::int64_t lost_uj = 0;  // at the last check
};

class Condition {
 public:
  // kMalformed: the text is not a condition.
  [[nodiscard]] static Result<Condition> parse(std::string_view text);

  // Whether the condition applies to the device: the condition names this device or none, and the
  // device has all the fields, with numeric values.
  [[nodiscard]] bool concerns(const sim::VirtualDevice& device) const;

  // For the error of a condition that concerns none of the devices: the names that no device has a
  // number of, and the nearest ones, as "; none has pd.sox; did you mean pd.soc?".
  [[nodiscard]] std::string unknown_names(std::span<const sim::VirtualDevice* const> devices) const;

  // The functions below may be called only for devices that the condition concerns.

  // No value: the condition does not apply now, because the part after "while" is false.
  [[nodiscard]] std::optional<bool> holds(const WatchedDevice& watched) const;
  // The values that the condition examined, as "pd.soc is 4".
  [[nodiscard]] std::string seen(const WatchedDevice& watched) const;

 private:
  enum class About : std::uint8_t { kEnergy, kRanges, kValues };
  struct Comparison {
    std::string left;  // a quota name, or "soc"
    std::string sign;
    std::variant<double, std::string> right;
  };

  [[nodiscard]] static std::optional<Comparison> comparison(std::string_view& rest);
  [[nodiscard]] static bool is_so(const Comparison& comparison, const sim::VirtualDevice& device);

  About about_ = About::kValues;
  std::string sn_;  // empty: any
  Comparison compares_;
  std::optional<Comparison> while_;
};

}  // namespace gridloom::transcripts
