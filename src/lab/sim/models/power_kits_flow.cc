#include "sim/models/power_kits_flow.h"

#include <algorithm>
#include <cmath>

#include "sim/models/power_kits_module.h"

namespace gridloom::sim::kits {
namespace {

constexpr double kFloorSoc = 4;         // no discharge below, whatever the limit
constexpr double kLimitHysteresis = 2;  // % above the lower limit before outputs return
constexpr double kTaper = 0.5;          // % below the upper limit that charging reaches soon
constexpr double kGridNoise_v = 1;      // of the voltage that currents are reckoned with
constexpr int kWorthCharging_w = 20;
// The vehicle is driven once a day; its engine idles for the first minutes.
constexpr std::int64_t kEngineOn_ms = 8 * kHour_ms;
constexpr std::int64_t kDriving_ms = kEngineOn_ms + 3 * kMinute_ms;
constexpr std::int64_t kParked_ms = kEngineOn_ms + 45 * kMinute_ms;

// The AC channels as fractions of a household's power that was set, and the DC channels at the
// usual household.
constexpr std::array<double, kAcChannels> kAcShare = {0.09, 0.06, 0.04, 0.03, 0.02, 0.01};
constexpr std::array<double, kDcChannels> kDcLoad_w = {18, 12, 9, 7, 6, 5, 4, 3, 3, 2, 2, 1};
constexpr std::size_t kRefrigerator = 0;  // of the DC channels
constexpr double kUsualHousehold_w = 350;
constexpr double kMaxHousehold_w = 11000;  // keeps the inverter within its 3600 W
constexpr double kMostChannel_w = 1150;    // three at once are within them as well
static_assert(kAcChannels + kDcChannels == household::kCamperCircuits);

bool has_bit(int bits, std::size_t k) { return (bits >> k & 1) != 0; }

}  // namespace

int Offer::sources_w() const { return sum(pv_w) + alternator_w + generator_w; }
bool Offer::can_charge() const { return sources_w() >= kWorthCharging_w || charger; }

Offer Planner::offer(const Settings& set, const Environment& environment, const Packs& packs,
                     const Noise& noise) {
  const Packs::Settings& limits = packs.settings();
  generator_.update(packs.soc(), {.start_soc = limits.generator_on_soc,
                                  .stop_soc = limits.generator_off_soc,
                                  .full_soc = limits.charge_to_soc - 1});
  Offer offer;
  for (std::size_t k = 0; k < offer.pv_w.size(); ++k) {
    const double sun = roofs_.sun(k, environment) * environment.panels.at(k);
    if (!set.panels.at(k) || sun <= kDawn) continue;
    offer.pv_w.at(k) = rounded(ratings_.pv_w.at(k) * sun * (1 + 0.004 * noise(k)));
  }
  offer_vehicle(set, environment, packs.bus_v(), offer);
  offer.generator_w = generator_.runs() ? ratings_.generator_w : 0;
  offer.shore = environment.grid_up && !offer.engine;
  offer.charger = offer.shore && set.charges_from_ac;
  offer_loads(set, environment, offer);
  return offer;
}

void Planner::offer_vehicle(const Settings& set, const Environment& environment, double bus_v,
                            Offer& offer) const {
  offer.engine = environment.local_ms >= kEngineOn_ms && environment.local_ms < kParked_ms;
  offer.moving = offer.engine && environment.local_ms >= kDriving_ms;
  offer.vehicle = set.feeds_vehicle && !offer.engine;
  const bool enough_volts = !set.alternator_wants_volts || set.alternator_least_v < kAlternator_v;
  const bool wanted = !set.alternator_paused && !set.feeds_vehicle;
  const bool driving = offer.engine && (offer.moving || set.alternator_when_idling);
  if (!driving || !wanted || !enough_volts) return;
  offer.alternator_w =
      static_cast<int>(std::min(set.alternator_most_a * bus_v, ratings_.alternator_w));
}

void Planner::start(const Environment& environment) {
  roofs_.take(environment, ratings_.pv_w.size());
  camper_.start(environment, household::wired_apart(household::kCamperCircuits),
                household::camper_inventory());
}

void Planner::offer_loads(const Settings& set, const Environment& environment, Offer& offer) const {
  const auto& home_w = environment.household_w;
  const double set_w = std::min(home_w.value_or(0), kMaxHousehold_w);
  offer.ac_channels = set.ac_channels;
  offer.dc_channels = set.dc_channels;
  // A power that is off needs no rounding.
  const auto put = [](int& power_w, double wanted_w) {
    if (wanted_w > 0) power_w = rounded(wanted_w);
  };
  for (std::size_t k = 0; k < kAcShare.size(); ++k) {
    if (!has_bit(offer.ac_channels, k)) continue;
    put(offer.ac_w.at(k),
        home_w ? set_w * kAcShare.at(k) : std::min(camper_.power_w(k), kMostChannel_w));
  }
  const double activity = std::clamp(set_w / kUsualHousehold_w, 0.0, 2.0);
  for (std::size_t k = 0; k < kDcLoad_w.size(); ++k) {
    if (!has_bit(offer.dc_channels, k)) continue;
    put(offer.dc_w.at(k), home_w ? kDcLoad_w.at(k) * activity : camper_.power_w(kAcChannels + k));
  }
  // The site's refrigerator is a device of its own, whose cable loses a little.
  const bool has_own = environment.others_dc_w && has_bit(offer.dc_channels, kRefrigerator);
  if (has_own) {
    offer.dc_w.at(kRefrigerator) = static_cast<int>(std::ceil(*environment.others_dc_w));
  }
}

void Planner::put_loads(const Settings& set, const Environment& environment, const Offer& offer,
                        Flow& flow) const {
  const int ac_w = sum(offer.ac_w);
  const double most_a = std::min(set.bypass_most_a, set.input_most_a);
  const bool fits = ac_w <= most_a * (environment.grid_v - kGridNoise_v);
  flow.bypass = set.ac_on && offer.shore && fits && (set.grid_first || drained_.on());
  flow.inverter = set.ac_on && !flow.bypass && !drained_.on();
  flow.ac_out_w = flow.ac() ? ac_w : 0;
  flow.ac_in_w = flow.bypass ? ac_w : 0;
  flow.low_power = low_power_ && flow.inverter && ac_w < ratings_.inverter_little_w;
  const int idle_w = flow.low_power ? ratings_.inverter_low_w : ratings_.inverter_idle_w;
  flow.inverter_w = flow.inverter ? idle_w + rounded(ac_w * (1 + ratings_.inverter_loss)) : 0;
  flow.dc = set.dc_on && !drained_.on();
  flow.dc_out_w = flow.dc ? sum(offer.dc_w) : 0;
  flow.supplies_refrigerator = flow.dc && has_bit(offer.dc_channels, kRefrigerator);
  flow.dc_w = rounded(flow.dc_out_w / ratings_.converter_efficiency);
  flow.vehicle_w = offer.vehicle && !drained_.on() ? ratings_.vehicle_w : 0;
  flow.hub_w = ratings_.hub_w;
}

Flow Planner::balance(const Settings& set, const Environment& environment, const Offer& offer,
                      Packs& packs) {
  const int heatable_w = static_cast<int>(packs.count()) * ratings_.heater_w + ratings_.hub_w;
  packs.heat({.charging = offer.sources_w() > heatable_w,
              .discharging = !drained_.on(),
              .working = environment.heater_ok});
  // Between limits that meet, the packs need some room to be of use.
  const double lowest = std::max(packs.settings().discharge_to_soc, kFloorSoc);
  const double highest = packs.settings().charge_to_soc;
  drained_.update_at_limit(packs.soc(),
                           {.from = std::min(lowest, highest - kLimitHysteresis),
                            .until = std::min(lowest + kLimitHysteresis, highest - kTaper)});
  Flow flow;
  if (!packs.are_on() || !environment.battery_ok) return flow;
  flow.may_discharge = !drained_.on();
  put_loads(set, environment, offer, flow);
  flow.heaters_w = packs.heaters_w();

  int room_w = flow.loads_w() + packs.acceptable_w();
  const auto take = [&room_w](int offered_w) {
    const int taken_w = std::clamp(offered_w, 0, room_w);
    room_w -= taken_w;
    return taken_w;
  };
  flow.pv_w = take(static_cast<int>(sum(offer.pv_w) * ratings_.converter_efficiency));
  flow.alternator_w = take(offer.alternator_w);
  flow.generator_w = take(offer.generator_w);
  if (offer.charger && !flow.inverter) {
    const double most_w = set.input_most_a * (environment.grid_v - kGridNoise_v);
    const double limit_w = std::min(ratings_.charger_w, most_w - flow.ac_in_w);
    flow.charger_w =
        take(static_cast<int>(limit_w * ratings_.converter_efficiency) - ratings_.inverter_idle_w);
    if (flow.charger_w > 0) {
      flow.ac_in_w +=
          rounded((flow.charger_w + ratings_.inverter_idle_w) / ratings_.converter_efficiency);
    }
  }
  return flow;
}

}  // namespace gridloom::sim::kits
