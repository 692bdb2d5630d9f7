// One module of the Power Kits as its fields show it, and the integers in which it reports.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "sim/model.h"
#include "sim/models/parts.h"
#include "wire/json.h"

namespace gridloom::sim::kits {

[[nodiscard]] inline int rounded(double value) { return static_cast<int>(std::lround(value)); }
[[nodiscard]] inline int milli(double value) { return rounded(value * 1000); }

template <std::size_t n>
[[nodiscard]] int sum(const std::array<int, n>& values) {
  return std::accumulate(values.begin(), values.end(), 0);
}

// A heat sink that follows its losses, and the energy converted today and in total.
struct Converter {
  double sink_c = 25;
  double day_wh = 0;
  double ever_wh = 0;

  void run(int power_w, double loss_w, double air_c, double seconds) {
    sink_c = settle(sink_c, {.to = air_c + 5 + 0.2 * loss_w, .seconds = seconds, .time_s = 600});
    day_wh += power_w * seconds / 3600;
    ever_wh += power_w * seconds / 3600;
  }
};

// Writes one module's fields.
class Module {
 public:
  Module(Fields& fields, std::string_view group, std::string_view sn)
      : fields_(fields),
        name_(std::string(group) + '.' + std::string(sn) + '.'),
        stem_(name_.size()) {}
  Module(Fields& fields, std::string_view group)
      : Module(fields, group, fields.modules(group).front()) {}

  [[nodiscard]] double number(std::string_view field) { return fields_.number(named(field)); }
  [[nodiscard]] int integer(std::string_view field) {
    return static_cast<int>(fields_.integer(named(field)));
  }
  [[nodiscard]] bool on(std::string_view field) { return fields_.on(named(field)); }
  void set(std::string_view field, double value) { fields_.set_number(named(field), value); }
  void set_value(std::string_view field, wire::Json value) {
    fields_.set(named(field), std::move(value));
  }
  // A converter between the battery bus and another port; `offset_a` is its sensors' error.
  void set_converter(int power_w, double bus_v, double offset_a, const Converter& converter,
                     double air_c) {
    const int current_ma = milli(power_w / bus_v);
    const int first_phase_ma = current_ma / 2 + milli(offset_a);
    set("batVol", milli(bus_v));
    set("batWatts", power_w);
    set("batCurr", current_ma);
    set("l1Curr", first_phase_ma);
    set("l2Curr", current_ma - first_phase_ma);
    set("hs1Temp", converter.sink_c);
    set("hs2Temp", converter.sink_c - 1);
    set("pcbTemp", (converter.sink_c + air_c) / 2);
    set("dayEnergy", std::floor(converter.day_wh));
  }
  // A distribution panel, "ac" or "dc": channels that add up to their total.
  template <std::size_t n>
  void set_channels(std::string_view kind, const std::array<int, n>& watts, int live, double v,
                    double sink_c) {
    const std::string prefix(kind);
    std::array<int, n> current_ma{};
    for (std::size_t k = 0; k < n && v > 0; ++k) current_ma.at(k) = milli(watts.at(k) / v);
    set_value(prefix + "ChWatt", wire::JsonArray(watts.begin(), watts.end()));
    set_value(prefix + "ChCur", wire::JsonArray(current_ma.begin(), current_ma.end()));
    set(prefix + "ChSta", live);
    set(prefix + "TotalWatts", sum(watts));
    set(prefix + "InVol", milli(v));
    set(prefix + "Temp1", sink_c);
    set(prefix + "Temp2", sink_c - 1);
  }

 private:
  const std::string& named(std::string_view field) {
    name_.resize(stem_);
    return name_ += field;
  }

  Fields& fields_;
  std::string name_;
  std::size_t stem_;
};

}  // namespace gridloom::sim::kits
