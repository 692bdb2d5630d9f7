#include "hub/history.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "wire/json.h"

namespace gridloom::hub {
namespace {

using namespace std::string_view_literals;

// In the order of twin::Counter.
constexpr std::array kCounterNames = {
    "pv"sv, "battery_in"sv, "battery_out"sv, "grid_in"sv,  "grid_out"sv,     "load"sv,
    "ev"sv, "heater"sv,     "heatpump"sv,    "pv_to_ev"sv, "pv_to_heater"sv, "pv_to_heatpump"sv};
static_assert(kCounterNames.size() == static_cast<std::size_t>(twin::Counter::kCount));

double wh_of(const twin::Twin::Energies& wh, std::string_view counter) {
  const auto* const found = std::ranges::find(kCounterNames, counter);
  return found == kCounterNames.end()
             ? 0
             : wh.at(static_cast<std::size_t>(found - kCounterNames.begin()));
}

double round_to(double value, double steps) { return std::round(value * steps) / steps; }

}  // namespace

std::string history_list(const catalog::History& history, const twin::Twin::Energies& wh) {
  wire::JsonArray list;
  for (const catalog::Index& index : history.indexes) {
    double value = 0;
    if (!index.counter.empty()) {
      value = round_to(wh_of(wh, index.counter) / 1000 * index.times, 100);
    } else if (const double whole = wh_of(wh, index.share_in); whole > 0) {
      const double share = std::clamp(wh_of(wh, index.share_of) / whole, 0.0, 1.0);
      value = round_to((index.remainder ? 1 - share : share) * index.times, 10000);
    }
    list.push_back(
        wire::JsonObject{{"indexName", index.name}, {"indexValue", value}, {"unit", index.unit}});
  }
  return wire::to_text(list);
}

}  // namespace gridloom::hub
