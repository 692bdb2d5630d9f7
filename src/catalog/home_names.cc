// What the plugs and circuits of a home are called.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "catalog/home.h"
#include "catalog/home_keys.h"

namespace gridloom::catalog {

std::string_view plug_name(const SiteDevice& device) {
  switch (device.plug) {
    case Plug::kMeter:
      return kMeterWord;
    case Plug::kFeedIn:
    case Plug::kUnit:
      return kFeedInWord;
    case Plug::kDc:
      return kDcWord;
    case Plug::kOffGrid:
      return kOffGridWord;
    case Plug::kCircuit:
      break;
  }
  return kHomeCircuits.at(device.circuit);
}

std::vector<std::string_view> circuit_names(std::uint32_t circuits) {
  std::vector<std::string_view> names;
  for (std::size_t k = 0; k < kHomeCircuits.size(); ++k) {
    if ((circuits >> k & 1U) != 0) names.push_back(kHomeCircuits[k]);
  }
  return names;
}

}  // namespace gridloom::catalog
