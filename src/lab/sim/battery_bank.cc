#include "sim/battery_bank.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "sim/models/parts.h"
#include "sim/models/resume.h"

namespace gridloom::sim {

using catalog::Quantity;
using physics::BatteryPart;
using physics::BatteryState;

namespace {

bool is_energy(Quantity quantity) {
  return quantity == Quantity::kEnergyIn || quantity == Quantity::kEnergyOut;
}

}  // namespace

BatteryBank::BatteryBank(const Inside& inside, const std::vector<BatteryPart>& extra, Chance chance)
    : states_(1 + extra.size()), chance_(chance) {
  BatteryPart first;
  first.options.cells = inside.cells;
  first.charge_w = inside.charge_w;
  first.discharge_w = inside.discharge_w;
  first.taper = inside.taper;
  parts_.push_back(first);
  parts_.insert(parts_.end(), extra.begin(), extra.end());
}

void BatteryBank::start(const Battery& inside, const Fields& fields,
                        const Environment& environment) {
  states_.front().battery = inside;
  for (std::size_t k = 1; k < parts_.size(); ++k) {
    states_[k].battery =
        Battery(physics::options_at_start(parts_[k], inside.soc_percent(), environment));
  }
  begin(fields, environment);
}

void BatteryBank::resume(const Battery& inside, const physics::Resumed& resumed) {
  states_.front().battery = inside;
  for (std::size_t k = 1; k < parts_.size(); ++k) {
    Battery::Options options = physics::options_after(parts_[k], resumed);
    const auto shows_soc = [](const physics::Feed& feed) {
      return feed.quantity == Quantity::kSoc;
    };
    // No field says how it was left, so it is as the one inside.
    if (std::ranges::none_of(parts_[k].feeds, shows_soc)) {
      options.soc_percent = inside.soc_percent();
    }
    states_[k].battery = Battery(options);
  }
  begin(resumed.fields, resumed.environment);
}

void BatteryBank::begin(const Fields& fields, const Environment& environment) {
  take_packs(parts_, states_, environment);
  extra_ = 0;
  for (std::size_t k = 1; k < parts_.size(); ++k) {
    BatteryState& state = states_[k];
    extra_ += state.plugged ? 1 : 0;
    state.meters.resize(parts_[k].feeds.size());
    for (std::size_t f = 0; f < state.meters.size(); ++f) {
      const physics::Feed& feed = parts_[k].feeds[f];
      if (is_energy(feed.quantity)) state.meters[f].begun_wh = fields.si(feed.slot);
    }
    if (shows_cells(parts_[k])) {
      state.cells.emplace(parts_[k], state.count, fields,
                          chance_.split("cells").split(std::to_string(k)));
    }
  }
}

void BatteryBank::go_on(const physics::Resumed& resumed) {
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    BatteryState& state = states_[k];
    stand_by(state.battery, resumed.environment.air_c, resumed.off);
    for (std::size_t f = 0; f < state.meters.size(); ++f) {
      physics::Meter& meter = state.meters[f];
      if (!is_energy(parts_[k].feeds[f].quantity)) continue;
      const double exact_wh = meter.begun_wh + meter.counted_wh();
      meter = {.begun_wh =
                   physics::goes_on_from_wh(resumed.fields, parts_[k].feeds[f].slot, exact_wh)};
    }
  }
}

void BatteryBank::plug(const Environment& environment, EnergyBalance& balance) {
  for (std::size_t k = 1; k < parts_.size(); ++k) {
    BatteryState& state = states_[k];
    const bool is_there = is_plugged(parts_[k], environment);
    if (std::exchange(state.plugged, is_there) == is_there) continue;
    extra_ += is_there ? 1 : -1;
    is_there ? balance.plug_in(state.battery) : balance.unplug(state.battery);
  }
}

double BatteryBank::apply(const Step& step) {
  const double seconds = seconds_of(step.dt);
  if (!has_extra()) {
    return states_.front().battery.apply(
        {.power_w = step.power_w, .seconds = seconds, .air_c = step.air_c});
  }
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    states_[k].max_percent = step.most_percent;
    states_[k].min_percent = step.least_percent;
    limit_battery(parts_[k], states_[k], {.allowed = step.allowed, .dt = step.dt, .grid_up = true});
  }
  const double taken_w =
      run_batteries(parts_, states_, step.power_w, {.air_c = step.air_c, .dt = step.dt});
  for (std::size_t k = 1; k < parts_.size(); ++k) {
    BatteryState& state = states_[k];
    state.power_mw = state.charged_uj / step.dt.count();
    for (std::size_t f = 0; f < state.meters.size(); ++f) {
      const bool in = parts_[k].feeds[f].quantity == Quantity::kEnergyIn;
      state.meters[f].counted_uj +=
          std::max<std::int64_t>(0, in ? state.charged_uj : -state.charged_uj);
    }
  }
  states_.front().power_mw = states_.front().charged_uj / step.dt.count();
  return taken_w;
}

void BatteryBank::add_to(EnergyBalance& balance) const {
  for (const BatteryState& state : states_) {
    if (state.plugged) balance.add(state.battery);
  }
}

void BatteryBank::write(Fields& fields) {
  for (std::size_t k = 1; k < parts_.size(); ++k) {
    BatteryState& state = states_[k];
    if (state.cells) state.cells->measure(state.battery);
    for (std::size_t f = 0; f < parts_[k].feeds.size(); ++f) {
      const physics::Feed& feed = parts_[k].feeds[f];
      if (write_shown(fields, feed, state)) continue;
      const auto number = physics::number_of(feed.quantity, state);
      const physics::Meter& meter = state.meters[f];
      fields.set_in_range(feed.slot,
                          number ? feed.sign * *number : meter.begun_wh + meter.counted_wh());
    }
  }
}

}  // namespace gridloom::sim
