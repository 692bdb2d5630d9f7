// Shared parts of the Power Kits' modules: whole numbers, converters and their reports.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "sim/fields.h"
#include "sim/models/parts.h"
#include "sim/models/power_kits_slots.h"
#include "sim/rounding.h"

namespace gridloom::sim::kits {

[[nodiscard]] inline int rounded(double value) { return static_cast<int>(round_to_int64(value)); }

template <std::size_t n>
[[nodiscard]] int sum(const std::array<int, n>& values) {
  return std::accumulate(values.begin(), values.end(), 0);
}

// A heat sink that follows its losses, and the energy converted today and in total.
struct Converter {
  double sink_c = 25;
  double day_wh = 0;
  double ever_wh = 0;

  struct Step {
    double air_c = 0;
    double seconds = 0;
    double decay = 0;  // of the heat
  };
  void run(int power_w, double loss_w, const Step& step) {
    sink_c = settle(sink_c, {.to = step.air_c + 5 + 0.2 * loss_w, .decay = step.decay});
    const double energy_wh = power_w * step.seconds / 3600;
    day_wh += energy_wh;
    ever_wh += energy_wh;
  }
};

struct BusPort {
  int power_w = 0;
  double bus_v = 0;
  double offset_a = 0;  // error of the sensors
  double air_c = 0;
};
inline void write_converter(Fields& fields, const Slots::Converter& slots,
                            const Converter& converter, const BusPort& port) {
  const double current_a = port.power_w / port.bus_v;
  fields.set_si(slots.voltage, port.bus_v);
  fields.set_si(slots.power, port.power_w);
  fields.set_si(slots.current, current_a);
  // Whole milliamperes, so that the phases add up to the reported current.
  const int current_ma = rounded(current_a * 1000);
  const int first_phase_ma = current_ma / 2 + rounded(port.offset_a * 1000);
  fields.set_si(slots.phase_current[0], first_phase_ma / 1000.0);
  fields.set_si(slots.phase_current[1], (current_ma - first_phase_ma) / 1000.0);
  fields.set_si(slots.sink_temperature[0], converter.sink_c);
  fields.set_si(slots.sink_temperature[1], converter.sink_c - 1);
  fields.set_si(slots.board_temperature, (converter.sink_c + port.air_c) / 2);
  fields.set_si(slots.day_energy, std::floor(converter.day_wh));
}

// Channels whose powers add up to their total.
template <std::size_t n>
struct ChannelLoads {
  std::array<int, n> power_w{};
  int live = 0;  // bits
  double voltage_v = 0;
  double sink_c = 0;
};
template <std::size_t n>
void write_channels(Fields& fields, const Slots::Channels& slots, const ChannelLoads<n>& loads) {
  std::array<double, n> power_w{};
  std::array<double, n> current_a{};
  for (std::size_t k = 0; k < n; ++k) {
    power_w.at(k) = loads.power_w.at(k);
    if (loads.voltage_v > 0) current_a.at(k) = loads.power_w.at(k) / loads.voltage_v;
  }
  fields.set_si(slots.powers, power_w);
  fields.set_si(slots.currents, current_a);
  fields.set(slots.live, loads.live);
  fields.set_si(slots.power, sum(loads.power_w));
  fields.set_si(slots.voltage, loads.voltage_v);
  fields.set_si(slots.temperature[0], loads.sink_c);
  fields.set_si(slots.temperature[1], loads.sink_c - 1);
}

}  // namespace gridloom::sim::kits
