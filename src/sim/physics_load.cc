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
  constexpr double kHour_s = 3600;
  const HeatPump::Options& options = part.heat_pump->options;
  for (const Feed& feed : part.feeds) {
    if (feed.quantity != Quantity::kTemperature) continue;
    const double time_s = kHour_s * options.capacity_wh_per_k / options.loss_w_per_k;
    const Rest rest{.to_c = resumed.environment.air_c, .time_s = time_s};
    state.heat_pump->set_temperature(
        rested_c(bounded(resumed.fields, feed.slot, kPartTemperature_c), rest, resumed.off));
  }
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
