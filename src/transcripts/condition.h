// What an invariant says of a virtual device: "energy balances", "values in range", or a comparison
// of two of its values, as in "inv.outputWatts <= 300 while inv.cfgAcEnabled == 1".
//
// Values are as the device reports them, in the wire's units. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "sim/model.h"
#include "sim/virtual_device.h"

namespace gridloom::transcripts {

// A device, and its energy as it was.
struct Watched {
  const sim::VirtualDevice* device = nullptr;
  sim::Balance begun;
  std::int64_t lost_uj = 0;  // when it was looked at last
};

class Condition {
 public:
  // kMalformed: none of these.
  [[nodiscard]] static Result<Condition> parse(std::string_view text);

  // Whether it speaks of the device: that is the one it names, if it names one, and has the fields,
  // and they are numbers.
  [[nodiscard]] bool concerns(const sim::VirtualDevice& device) const;

  // What follows is asked of devices that it concerns.

  // Nothing: not now, as what stands behind "while" is not so.
  [[nodiscard]] std::optional<bool> holds(const Watched& watched) const;
  // What it looks at: "pd.soc is 4".
  [[nodiscard]] std::string seen(const Watched& watched) const;

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
