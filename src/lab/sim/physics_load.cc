#include "sim/physics_load.h"

#include <memory>

#include "sim/models/resume.h"

namespace gridloom::sim::physics {

using catalog::Quantity;

void start_heat_pump(LoadState& state, const LoadPart& part, Chance chance,
                     const Environment& environment) {
  if (!part.heat_pump) return;
  state.heat_pump =
      std::make_unique<HeatPump>(part.heat_pump->options, chance.split("heat_pump"),
                                 part.heat_pump->initial_c.value_or(environment.air_c));
}

void resume_heat_pump(LoadState& state, const LoadPart& part, const Resumed& resumed) {
  if (!part.heat_pump) return;
  for (const Feed& feed : part.feeds) {
    if (feed.quantity != Quantity::kTemperature) continue;
    state.heat_pump->set_temperature(bounded(resumed.fields, feed.slot, kPartTemperature_c));
    stand_by(state, part, resumed.environment.air_c, resumed.off);
  }
}

void stand_by(LoadState& state, const LoadPart& part, double air_c, const TimeOff& off) {
  if (!part.heat_pump || off.length.count() <= 0) return;
  constexpr double kHour_s = 3600;
  const HeatPump::Options& options = part.heat_pump->options;
  const double time_s = kHour_s * options.capacity_wh_per_k / options.loss_w_per_k;
  state.heat_pump->set_temperature(
      rested_c(state.heat_pump->temperature_c(), {.to_c = air_c, .time_s = time_s}, off));
}

double goes_on_from_wh(Fields& fields, Slot slot, double exact_wh) {
  constexpr double kMostUnshown_wh = 1000;  // since the field was written
  const double shown_wh = fields.si(slot);
  const double shown = fields.number(slot);
  if (exact_wh > shown_wh + kMostUnshown_wh) return shown_wh;
  fields.set_in_range(slot, exact_wh);
  if (fields.number(slot) >= shown) return exact_wh;
  fields.set_in_range(slot, shown_wh);
  return shown_wh;
}

void read_load(LoadState& state, const LoadPart& part, const Fields& fields) {
  if (part.limit) state.limit_w = fields.si(*part.limit);
  if (state.on) state.tripped = false;
  if (!part.heat_pump) return;
  const HeatPumpPart& pump = *part.heat_pump;
  state.heat_pump->set({.on = state.on,
                        .heats = pump.heats && pump.heats->at(fields) != 0,
                        .target_c = pump.target.at(fields),
                        .share = pump.share ? pump.share->at(fields) : 1});
}

void write_load(const LoadState& state, const LoadPart& part, Fields& fields) {
  if (state.tripped) fields.set_number(*part.switch_field, 0);
  if (part.tripped) fields.set_number(*part.tripped, state.tripped ? 1 : 0);
  if (!state.heat_pump) return;
  for (const Feed& feed : part.feeds) {
    if (feed.quantity == Quantity::kTemperature) {
      fields.set_in_range(feed.slot, feed.sign * state.heat_pump->temperature_c());
    } else if (feed.quantity == Quantity::kRunning) {
      fields.set_number(feed.slot, state.heat_pump->runs() ? 1 : 0);
    } else if (feed.quantity == Quantity::kOpen) {
      fields.set_number(feed.slot, state.heat_pump->is_open() ? 1 : 0);
    }
  }
}

}  // namespace gridloom::sim::physics
