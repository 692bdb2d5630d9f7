#include "sim/models/panel_resume.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "sim/ageing.h"
#include "sim/models/panel_json.h"
#include "sim/models/resume.h"

namespace gridloom::sim::panel {
namespace {

using wire::Json;

constexpr Bounds kCapacity_ah{.low = 1, .high = 10'000};
constexpr double kMostRated_w = 20'000;

double capacity_of(const Json& info) {
  return std::clamp(number(at(info, "fullCap")) / 1000, kCapacity_ah.low, kCapacity_ah.high);
}

bool is_connected(const Json& info) { return integer(at(info, "stateBean"), "isConnect") != 0; }

// No field shows the health of a single pack: the packs' total capacity shows that of all.
double health_of(const Fields& fields, const Slots& slots, const Json& infos) {
  double nominal_ah = 0;
  for (std::size_t k = 0; k < kPacks; ++k) {
    if (is_connected(at(infos, k))) nominal_ah += capacity_of(at(infos, k));
  }
  const double health = nominal_ah > 0 ? fields.si(slots.capacity) / nominal_ah : kHealth;
  return health >= kMinHealth && health <= 1 ? health : kHealth;
}

}  // namespace

std::array<Pack, kPacks> last_packs(const Fields& fields, const Slots& slots,
                                    const Environment& environment, const TimeOff& off) {
  std::array<Pack, kPacks> packs;
  const Json infos = fields.get(slots.packs.slot);
  const double health = health_of(fields, slots, infos);
  for (std::size_t k = 0; k < kPacks; ++k) {
    const Json& info = at(infos, k);
    Pack& pack = packs.at(k);
    pack.connected = is_connected(info);
    if (!pack.connected) continue;
    const double soc =
        std::clamp(number(at(info, "batteryPercentage")), kSocPercent.low, kSocPercent.high);
    const double was_c =
        std::clamp(number(at(info, "emsBatTemp")), kPartTemperature_c.low, kPartTemperature_c.high);
    pack.rated_w = std::clamp(number(at(info, "ratePower")), 0.0, kMostRated_w);
    pack.charging = integer(at(info, "emsChgFlag")) != 0;
    pack.battery =
        Battery({.cells = static_cast<int>(slots.ratings.cells),
                 .capacity_ah = capacity_of(info) * health,
                 .resistance_ohm = slots.ratings.resistance_ohm,
                 .cycles = cycles_at(health),
                 .soc_percent = rested_soc(soc, off),
                 .temperature_c = rested_c(
                     was_c, {.to_c = environment.air_c, .time_s = kBatteryCooling_s}, off)});
  }
  return packs;
}

bool counted_on(const Stamp& today, const Fields& fields, const Slots& slots) {
  return fields.get(slots.days.front()) == Json(day_of(today));
}

std::string day_of(const Stamp& today) {
  return fmt::format("{}-{}-{}", today[0], today[1], today[2]);
}

}  // namespace gridloom::sim::panel
