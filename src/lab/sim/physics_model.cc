// A step asks the parts what they can give and want (PowerOffer), lets the batteries take or give
// their power, and shares the rest out (power_flow.h). Ports count in whole milliwatts and
// batteries in whole microjoules, so that the balance is exact: where a step would bring out more
// than came in, by the rounding of its numbers or because a battery ran empty, the loads get less.
#include "sim/physics_model.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/battery.h"
#include "sim/energy_balance.h"
#include "sim/heat_pump.h"
#include "sim/household/home.h"
#include "sim/household/people.h"
#include "sim/kept.h"
#include "sim/lan_regulation.h"
#include "sim/model_slots.h"
#include "sim/models/household_load.h"
#include "sim/models/parts.h"
#include "sim/models/resume.h"
#include "sim/physics_battery.h"
#include "sim/physics_load.h"
#include "sim/physics_packs.h"
#include "sim/physics_slots.h"
#include "sim/power_flow.h"
#include "sim/roof.h"
#include "sim/rounding.h"

namespace gridloom::sim {
namespace {

using catalog::Quantity;
using physics::BatteryPart;
using physics::BatteryState;
using physics::Feed;
using physics::LoadPart;
using physics::LoadState;
using physics::Meter;
using physics::Part;
using physics::PartState;
using physics::Slots;

constexpr double kMostBatteries = 100;

struct GridState : PartState {
  std::int64_t import_mw = 0;
  std::int64_t export_mw = 0;
  bool holds = false;  // the batteries, while there is a grid
  double share = 1;    // of what it could supply
};

class PhysicsModel final : public Model {
 public:
  PhysicsModel(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)),
        chance_(chance),
        batteries_(slots_->batteries.size()),
        pv_inputs_(slots_->pv_inputs.size()),
        loads_(slots_->loads.size()),
        sums_(slots_->sums.size()),
        begun_(slots_->sums.size()) {
    const auto is_shared = [](const LoadPart& part) { return part.household_share > 0; };
    if (std::ranges::any_of(slots_->loads, is_shared)) household_.emplace(chance);
    const auto is_port = [](const LoadPart& part) { return part.port.has_value(); };
    if (std::ranges::any_of(slots_->loads, is_port)) ports_.emplace(chance);
    const double error_w = slots_->grid ? slots_->grid->meter_error_w : 0;
    if (error_w > 0) regulators_.cloud.emplace(chance.split("bias"), error_w);
  }

  void start(Fields& fields, const Environment& environment) override {
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      const BatteryPart& part = slots_->batteries[k];
      const double soc = initial_soc(fields, slots_->batteries[part.pack > 0 ? 0 : k]);
      const Battery::Options options = options_at_start(part, soc, environment);
      batteries_[k].battery = Battery(counted(options, fields, k));
    }
    take_packs(slots_->batteries, batteries_, environment);
    for (std::size_t k = 0; k < loads_.size(); ++k) {
      start_heat_pump(loads_[k], slots_->loads[k], chance_.split(std::to_string(k)), environment);
    }
    begin(fields);
    settle_in(environment);
    step(environment, Millis(1000));
    write(fields, environment);
  }

  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const wire::JsonObject& unreported) override {
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      const Battery::Options after =
          options_after(slots_->batteries[k], {fields, environment, off});
      batteries_[k].battery = Battery(counted(after, fields, k));
    }
    take_packs(slots_->batteries, batteries_, environment);
    for (std::size_t k = 0; k < loads_.size(); ++k) {
      start_heat_pump(loads_[k], slots_->loads[k], chance_.split(std::to_string(k)), environment);
      resume_heat_pump(loads_[k], slots_->loads[k], {fields, environment, off});
    }
    begin(fields);
    settle_in(environment);
    if (const auto kept = KeptReader::in(unreported)) {
      keep(*kept);
      count_on(fields);
      for (BatteryState& state : batteries_) stand_by(state.battery, environment.air_c, off);
      for (std::size_t k = 0; k < loads_.size(); ++k) {
        stand_by(loads_[k], slots_->loads[k], environment.air_c, off);
      }
    }
    step(environment, kInstant);
    write(fields, environment);
  }

  void keep(this auto& self, auto& kept) {
    kept("batteries", self.batteries_);
    kept("pv", self.pv_inputs_);
    kept("loads", self.loads_);
    kept("inverter", self.inverter_);
    kept("charger", self.charger_);
    kept("grid", self.grid_);
    kept("regulators", self.regulators_);
    kept("begun", self.begun_);
  }
  [[nodiscard]] wire::JsonObject unreported() const override {
    return {{kPhysics, kept_of(*this)}};
  }

  void step(const Environment& environment, Millis dt) override {
    if (dt.count() <= 0) return;
    plug(environment);
    if (household_) household_->advance(environment, dt);
    if (ports_) ports_->advance(environment, dt);
    const PowerOffer offer = offer_of(environment, dt);
    const double asked_w =
        regulators_.asked_w(offer, environment, slots_->inverter.has_value(), dt);
    const double taken_w =
        run_batteries(slots_->batteries, batteries_, asked_w, {environment.air_c, dt});
    const bool as_asked = std::abs(taken_w - asked_w) <= close_to_w(asked_w);
    const PowerFlow flow = power_flow(offer, as_asked ? asked_w : taken_w);
    share_out(offer, flow);
    regulators_.lan.gave(flow.inverter_w);
    keep_balance(dt);
    for (LoadState& state : loads_) {
      if (state.heat_pump) state.heat_pump->run(to_w(state.power_mw), environment.air_c, dt);
    }
    close(dt);
  }

  void write(Fields& fields, const Environment& environment) override {
    sums_ = begun_;
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      if (batteries_[k].cells) batteries_[k].cells->measure(batteries_[k].battery);
      for (std::size_t f = 0; f < slots_->batteries[k].feeds.size(); ++f) {
        write_battery(fields, slots_->batteries[k].feeds[f], batteries_[k], f);
      }
    }
    write_all(fields, slots_->all_batteries, slots_->batteries, batteries_);
    each_simple_part([&](const Part& part, PartState& state) {
      for (std::size_t f = 0; f < part.feeds.size(); ++f) {
        const Feed& feed = part.feeds[f];
        if (feed.quantity == Quantity::kPower) put(fields, feed, to_w(state.power_mw));
        if (feed.quantity == Quantity::kEnergy) show(fields, feed, state.meters[f]);
      }
    });
    for (std::size_t k = 0; k < loads_.size(); ++k) write_load(loads_[k], slots_->loads[k], fields);
    for (std::size_t f = 0; slots_->grid && f < slots_->grid->feeds.size(); ++f) {
      write_grid(fields, slots_->grid->feeds[f], environment, f);
    }
    for (std::size_t k = 0; k < sums_.size(); ++k) {
      fields.set_in_range(slots_->sums[k].slot, sums_[k]);
    }
  }

  CommandOutcome command(Fields& fields, const catalog::Command& /*command*/,
                         const wire::JsonObject& /*params*/,
                         const Environment& environment) override {
    read(fields);
    step(environment, kInstant);
    write(fields, environment);
    return {};
  }

  [[nodiscard]] Balance balance() const override { return balance_.balance(); }
  [[nodiscard]] double drawn_w() const override { return to_w(grid_.power_mw); }
  [[nodiscard]] bool can_discharge() const override {
    return std::ranges::any_of(batteries_, [](const BatteryState& one) { return one.give_w > 0; });
  }

 private:
  // ---- start and settings

  void begin(const Fields& fields) {
    for (std::size_t k = 0; k < begun_.size(); ++k) {
      begun_[k] = slots_->sums[k].counts ? fields.si(slots_->sums[k].slot) : 0;
    }
    each_part([&](const Part& part, PartState& state) {
      state.meters.resize(part.feeds.size());
      for (std::size_t k = 0; k < part.feeds.size(); ++k) begin(fields, part, state, k);
    });
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      const BatteryPart& part = slots_->batteries[k];
      if (!shows_cells(part)) continue;
      const Chance chance = chance_.split("cells").split(std::to_string(k));
      batteries_[k].cells.emplace(part, batteries_[k].count, fields, chance);
    }
    read(fields);
  }

  // The exact energies that were kept.
  void count_on(Fields& fields) {
    std::vector<double> shared_wh(begun_.size());
    each_part([&](const Part& part, PartState& state) {
      for (std::size_t f = 0; f < part.feeds.size(); ++f) {
        const Feed& feed = part.feeds[f];
        Meter& meter = state.meters[f];
        if (!counts(feed.quantity)) continue;
        if (feed.sum) {
          shared_wh[*feed.sum] += feed.sign * meter.counted_wh();
          continue;
        }
        const double exact_wh = meter.begun_wh + meter.counted_wh();
        meter = {.begun_wh = physics::goes_on_from_wh(fields, feed.slot, exact_wh),
                 .counted_uj = 0,
                 .shown = fields.number(feed.slot)};
      }
    });
    for (std::size_t k = 0; k < begun_.size(); ++k) {
      if (!slots_->sums[k].counts) continue;
      const double exact_wh = begun_[k] + shared_wh[k];
      begun_[k] = physics::goes_on_from_wh(fields, slots_->sums[k].slot, exact_wh) - shared_wh[k];
    }
  }

  // Chooses the household, of the site or of the device alone, and the orientation of its modules.
  void settle_in(const Environment& environment) {
    roofs_.take(environment, pv_inputs_.size());
    if (household_) household_->start(environment, slots_->wiring);
    if (ports_) ports_->start_ports(environment, household::kPorts);
    const bool has_doors = std::ranges::any_of(slots_->loads, [](const LoadPart& part) {
      return part.heat_pump && part.heat_pump->options.opens_per_day > 0;
    });
    if (!has_doors) return;
    people_.emplace(household::home_of(
        household::household_of(environment.household, chance_.split("household")),
        environment.household_kwh));
  }
  [[nodiscard]] bool are_up(const Environment& environment) {
    return people_->are_up(unix_ms(environment.now) + environment.utc_offset.count());
  }

  // As many equal batteries side by side as the device has.
  Battery::Options counted(Battery::Options options, const Fields& fields, std::size_t battery) {
    const auto& count = slots_->batteries[battery].count;
    batteries_[battery].count = count ? std::clamp(count->at(fields), 1.0, kMostBatteries) : 1;
    options.capacity_ah *= batteries_[battery].count;
    options.resistance_ohm /= batteries_[battery].count;
    return options;
  }

  static bool counts(Quantity quantity) {
    return quantity == Quantity::kEnergy || quantity == Quantity::kEnergyIn ||
           quantity == Quantity::kEnergyOut;
  }

  static void begin(const Fields& fields, const Part& part, PartState& state, std::size_t feed) {
    const Slot slot = part.feeds[feed].slot;
    if (!counts(part.feeds[feed].quantity)) return;
    // The parts that share a field begin at 0, and count on from it together.
    const bool shares = part.feeds[feed].sum.has_value();
    state.meters[feed] = {
        .begun_wh = shares ? 0 : fields.si(slot), .counted_uj = 0, .shown = fields.number(slot)};
  }

  void read(const Fields& fields) {
    each_part([&](const Part& part, PartState& state) {
      state.on = !part.on || part.on->at(fields) != 0;
      for (std::size_t k = 0; k < part.feeds.size(); ++k) {
        // A command has set the meter.
        if (!part.feeds[k].sum && fields.number(part.feeds[k].slot) != state.meters[k].shown) {
          begin(fields, part, state, k);
        }
      }
    });
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      const BatteryPart& part = slots_->batteries[k];
      BatteryState& state = batteries_[k];
      state.max_percent = part.max_limit ? fields.si(*part.max_limit) : 100;
      state.min_percent = part.min_limit ? fields.si(*part.min_limit) : part.reserve_percent;
      state.kept_percent = part.reserve_limit ? fields.si(*part.reserve_limit) : 0;
    }
    for (std::size_t k = 0; k < loads_.size(); ++k) read_load(loads_[k], slots_->loads[k], fields);
    grid_.holds = slots_->grid && slots_->grid->holds && slots_->grid->holds->at(fields) != 0;
    if (slots_->grid && slots_->grid->share) grid_.share = slots_->grid->share->at(fields);
    if (!slots_->charger) return;
    const auto& limit = slots_->charger->power_limit;
    const double most_w = limit ? fields.si(*limit) : slots_->charger->rated_w;
    charger_most_w_ = std::clamp(most_w, 0.0, slots_->charger->rated_w);
  }

  // Calls `visit` with every part and its state.
  template <typename Visit>
  void each_part(const Visit& visit) {
    for (std::size_t k = 0; k < batteries_.size(); ++k) visit(slots_->batteries[k], batteries_[k]);
    each_simple_part(visit);
    if (slots_->grid) visit(*slots_->grid, grid_);
  }
  // The same for those that have only a power and an energy.
  template <typename Visit>
  void each_simple_part(const Visit& visit) {
    for (std::size_t k = 0; k < pv_inputs_.size(); ++k) visit(slots_->pv_inputs[k], pv_inputs_[k]);
    for (std::size_t k = 0; k < loads_.size(); ++k) visit(slots_->loads[k], loads_[k]);
    if (slots_->inverter) visit(*slots_->inverter, inverter_);
    if (slots_->charger) visit(*slots_->charger, charger_);
  }

  // ---- a step

  void plug(const Environment& environment) {
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      BatteryState& state = batteries_[k];
      const bool is_there = is_plugged(slots_->batteries[k], environment);
      if (std::exchange(state.plugged, is_there) == is_there) continue;
      is_there ? balance_.plug_in(state.battery) : balance_.unplug(state.battery);
    }
  }

  PowerOffer offer_of(const Environment& environment, Millis dt) {
    PowerOffer offer;
    fed_mw_ = 0;
    is_unit_ = environment.able_units.has_value();
    for (std::size_t k = 0; k < pv_inputs_.size(); ++k) {
      pv_inputs_[k].power_mw = to_mw(pv_available_w(k, environment));
      offer.pv_w += to_w(pv_inputs_[k].power_mw) * slots_->pv_inputs[k].efficiency;
    }
    for (std::size_t k = 0; k < loads_.size(); ++k) {
      loads_[k].power_mw = to_mw(wanted_w(k, environment, dt));
      (slots_->loads[k].dc ? offer.dc_loads_w : offer.ac_loads_w) += to_w(loads_[k].power_mw);
    }
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      limit_battery(slots_->batteries[k], batteries_[k],
                    {environment.battery_ok && batteries_[k].on, dt, environment.grid_up});
      offer.give_w += batteries_[k].give_w;
      offer.take_w += batteries_[k].take_w;
      offer.device_w += slots_->batteries[k].idle_w;
    }
    if (slots_->inverter) {
      offer.inverter_w = inverter_.on ? slots_->inverter->rated_w : 0;
      offer.inverter_efficiency = slots_->inverter->efficiency;
      offer.device_w += inverter_.on ? slots_->inverter->idle_w : 0;
    }
    if (!slots_->grid || !environment.grid_up) return offer;
    offer.import_w = slots_->grid->import_w * std::max(0.0, grid_.share);
    offer.export_w = slots_->grid->export_w;
    if (regulators_.cloud)
      offer.export_w = regulators_.cloud->below_w(offer.export_w, environment.now);
    offer.charges = grid_.holds;
    if (!slots_->charger || !charger_.on || charger_most_w_ == 0) return offer;
    offer.charges = true;
    offer.charger_w = charger_most_w_;
    offer.charger_efficiency = slots_->charger->efficiency;
    return offer;
  }

  [[nodiscard]] double pv_available_w(std::size_t k, const Environment& environment) const {
    if (!pv_inputs_[k].on) return 0;
    const double share = k < environment.panels.size() ? environment.panels.at(k) : 1;
    return slots_->pv_inputs[k].rated_w * std::min(1.0, roofs_.sun(k, environment) * share);
  }

  double wanted_w(std::size_t k, const Environment& environment, Millis dt) {
    LoadState& state = loads_[k];
    if (state.heat_pump) {
      return state.heat_pump->demand_w(
          {.now = environment.now,
           .air_c = environment.air_c,
           .has_people =
               people_ && state.heat_pump->may_open(environment.now, dt) && are_up(environment)},
          dt);
    }
    double power_w = load_w(k, environment);
    if (k == 0) {
      power_w = environment.able_units ? unit_share_w(power_w, environment)
                                       : with_others_w(power_w, environment);
    }
    if (power_w <= state.limit_w) return power_w;
    state.tripped = true;
    state.on = false;
    return 0;
  }

  // The site's other devices are on the first load. Where they feed more than it draws, the rest
  // goes past the device into the grid.
  double with_others_w(double power_w, const Environment& environment) {
    const double sum_w = power_w + environment.others_ac_w;
    fed_mw_ = to_mw(std::max(0.0, -sum_w));
    return std::max(0.0, sum_w);
  }

  // A further unit of a system supplies its share of what the site draws. It takes itself for one
  // that can: with an empty battery it still has its sun.
  [[nodiscard]] double unit_share_w(double power_w, const Environment& environment) const {
    if (!environment.grid_up) return 0;
    const int others = *environment.able_units - (can_discharge() ? 1 : 0);
    return std::max(0.0, power_w + environment.others_ac_w) / (1 + std::max(others, 0));
  }

  // An additional appliance hangs on the first load.
  [[nodiscard]] double load_w(std::size_t k, const Environment& environment) const {
    const LoadPart& part = slots_->loads[k];
    if (!loads_[k].on) return 0;
    double home_w = 0;
    if (environment.household_w) {
      home_w = part.set_share * *environment.household_w;
    } else if (part.household_share > 0) {
      home_w = household_->power_w(part.channel);
    }
    return plugged_in_w(part, environment) + part.household_share * home_w +
           (k == 0 ? environment.appliance_w : 0);
  }
  // Where the home's power was set, what usually hangs at a port is there all the time.
  [[nodiscard]] double plugged_in_w(const LoadPart& part, const Environment& environment) const {
    if (!part.port || environment.household_w) return part.power_w;
    return part.power_w * ports_->power_w(*part.port) / 100;
  }

  // Puts the flow into the ports, which have what they offered.
  void share_out(const PowerOffer& offer, const PowerFlow& flow) {
    const auto scale = [](auto& states, double used_w, double offered_w, const auto& concerned) {
      const double share = offered_w > 0 ? std::min(used_w / offered_w, 1.0) : 0;
      if (share == 1) return;
      for (std::size_t k = 0; k < states.size(); ++k) {
        if (states[k].power_mw == 0 || !concerned(k)) continue;
        states[k].power_mw = to_mw(share * to_w(states[k].power_mw));
      }
    };
    const auto is_dc = [&](std::size_t k) { return slots_->loads[k].dc; };
    scale(pv_inputs_, flow.pv_w, offer.pv_w, [](std::size_t) { return true; });
    scale(loads_, flow.dc_loads_w, offer.dc_loads_w, is_dc);
    scale(loads_, flow.ac_loads_w, offer.ac_loads_w, [&](std::size_t k) { return !is_dc(k); });
    inverter_.power_mw = to_mw(flow.inverter_w);
    charger_.power_mw = to_mw(flow.charger_w);
    grid_.import_mw = to_mw(flow.import_w);
    grid_.export_mw = to_mw(flow.export_w) + fed_mw_;
    if (is_unit_) feed_share();
  }

  // A unit's share of the site leaves it by the connection to the grid; what the unit could not
  // supply of it, the meter's unit will.
  void feed_share() {
    const std::int64_t share_mw = std::exchange(loads_.front().power_mw, 0);
    const std::int64_t net_mw = grid_.import_mw - grid_.export_mw - share_mw;
    grid_.import_mw = std::max<std::int64_t>(0, net_mw);
    grid_.export_mw = std::max<std::int64_t>(0, -net_mw);
  }

  [[nodiscard]] std::int64_t in_mw() const {
    std::int64_t sum_mw = grid_.import_mw + fed_mw_;
    for (const PartState& state : pv_inputs_) sum_mw += state.power_mw;
    return sum_mw;
  }
  [[nodiscard]] std::int64_t out_mw() const {
    std::int64_t sum_mw = grid_.export_mw;
    for (const LoadState& state : loads_) sum_mw += state.power_mw;
    return sum_mw;
  }

  // Where a step would make energy of nothing: brings in more if the batteries charge, and out less
  // if they do not.
  void keep_balance(Millis dt) {
    std::int64_t charged_uj = 0;
    for (const BatteryState& state : batteries_) charged_uj += state.charged_uj;
    const std::int64_t made_uj = charged_uj - (in_mw() - out_mw()) * dt.count();
    if (made_uj <= 0) return;
    std::int64_t made_mw = (made_uj + dt.count() - 1) / dt.count();
    if (charged_uj > 0) return bring_in(made_mw);
    const auto cut = [&made_mw](std::int64_t& power_mw) {
      const std::int64_t less_mw = std::min(made_mw, power_mw);
      power_mw -= less_mw;
      made_mw -= less_mw;
    };
    for (LoadState& state : loads_) cut(state.power_mw);
    cut(grid_.export_mw);
  }

  void bring_in(std::int64_t power_mw) {
    if (charger_.power_mw > 0 || pv_inputs_.empty()) {
      charger_.power_mw += power_mw;
      grid_.import_mw += power_mw;
    } else {
      std::ranges::max_element(pv_inputs_, {}, &PartState::power_mw)->power_mw += power_mw;
    }
  }

  void close(Millis dt) {
    grid_.power_mw = grid_.import_mw - grid_.export_mw;
    for (std::size_t k = 0; k < batteries_.size(); ++k) {
      BatteryState& state = batteries_[k];
      state.power_mw = state.charged_uj / dt.count();
      if (state.plugged) balance_.add(state.battery);
      for (std::size_t f = 0; f < state.meters.size(); ++f) {
        const bool in = slots_->batteries[k].feeds[f].quantity == Quantity::kEnergyIn;
        state.meters[f].counted_uj +=
            std::max<std::int64_t>(0, in ? state.charged_uj : -state.charged_uj);
      }
    }
    each_simple_part([&](const Part& /*part*/, PartState& state) {
      if (state.power_mw == 0) return;
      for (Meter& meter : state.meters) meter.counted_uj += state.power_mw * dt.count();
    });
    for (std::size_t f = 0; f < grid_.meters.size(); ++f) {
      const bool in = slots_->grid->feeds[f].quantity == Quantity::kEnergyIn;
      grid_.meters[f].counted_uj += (in ? grid_.import_mw : grid_.export_mw) * dt.count();
    }
    balance_.close({.in_w = to_w(in_mw()), .out_w = to_w(out_mw())}, dt);
  }

  // ---- the fields

  void put(Fields& fields, const Feed& feed, double value) {
    if (!feed.sum) return fields.set_in_range(feed.slot, feed.sign * value);
    sums_[*feed.sum] += feed.sign * value;
  }

  // Energies have no sign.
  void show(Fields& fields, const Feed& feed, Meter& meter) {
    if (feed.sum) return put(fields, feed, meter.counted_wh());
    fields.set_in_range(feed.slot, meter.begun_wh + meter.counted_wh());
    meter.shown = fields.number(feed.slot);
  }

  void write_battery(Fields& fields, const Feed& feed, BatteryState& state, std::size_t index) {
    if (write_shown(fields, feed, state)) return;
    if (const auto number = number_of(feed.quantity, state)) return put(fields, feed, *number);
    show(fields, feed, state.meters[index]);
  }

  void write_grid(Fields& fields, const Feed& feed, const Environment& environment,
                  std::size_t index) {
    const bool up = environment.grid_up;
    switch (feed.quantity) {
      case Quantity::kPower:
        return put(fields, feed, to_w(grid_.power_mw));
      case Quantity::kSystemPower:
        return put(fields, feed, is_unit_ ? 0 : to_w(grid_.power_mw));
      case Quantity::kImportPower:
        return put(fields, feed, to_w(grid_.import_mw));
      case Quantity::kExportPower:
        return put(fields, feed, to_w(grid_.export_mw));
      case Quantity::kVoltage:
        return put(fields, feed, up ? environment.grid_v : 0);
      case Quantity::kFrequency:
        return put(fields, feed, up ? environment.grid_hz : 0);
      case Quantity::kConnected:
        return put(fields, feed, up ? 1 : 0);
      default:
        return show(fields, feed, grid_.meters[index]);
    }
  }

  std::shared_ptr<const Slots> slots_;
  Chance chance_;
  std::vector<BatteryState> batteries_;
  std::vector<PartState> pv_inputs_;
  std::vector<LoadState> loads_;
  PartState inverter_;
  PartState charger_;
  GridState grid_;
  bool is_unit_ = false;     // a further one of a system
  std::int64_t fed_mw_ = 0;  // of the site's other devices, past this one into the grid
  double charger_most_w_ = 0;
  std::vector<double> sums_;   // by Slots::sums
  std::vector<double> begun_;  // the same: what an energy was at the start
  EnergyBalance balance_;
  std::optional<HouseholdLoad> household_;   // where a load is a share of it
  std::optional<HouseholdLoad> ports_;       // in percent, where a load is what hangs at one
  Roofs roofs_;                              // of the PV inputs
  Regulators regulators_;                    // of the batteries
  std::optional<household::People> people_;  // where doors are opened
};

}  // namespace

Result<ModelMaker> physics_maker(const FieldTablePtr& table) {
  return maker_of<PhysicsModel, Slots>(table);
}

}  // namespace gridloom::sim
