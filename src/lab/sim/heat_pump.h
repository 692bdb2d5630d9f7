// A compressor that keeps a room or a box at a temperature, by cooling or heating it. Heat comes in
// through the walls, and faster through an open door. The compressor runs as fast as it must,
// between its least and its greatest power, and rests within half a degree of its target.
#pragma once

#include <cstdint>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/decay.h"

namespace gridloom::sim {

class HeatPump {
 public:
  struct Options {
    double power_w = 0;  // of the compressor, at most
    double least_w = 0;  // of the compressor while it runs
    double fan_w = 0;    // while it is on
    double cop = 3;      // heat moved for each unit of the compressor's energy
    double capacity_wh_per_k = 1;
    double loss_w_per_k = 1;
    double open_w_per_k = 0;   // while the door is open
    double opens_per_day = 0;  // times that the door is opened
  };
  struct Settings {
    bool on = true;
    bool heats = false;
    double target_c = 20;
    double share = 1;  // of the compressor's power that it may use
  };

  HeatPump(const Options& options, Chance chance, double temperature_c)
      : options_(options),
        chance_(chance),
        temperature_c_(temperature_c),
        closed_(time_s(options.loss_w_per_k)) {}

  void set(const Settings& settings) { settings_ = settings; }
  void set_temperature(double celsius) { temperature_c_ = celsius; }
  struct Around {
    TimePoint now;
    double air_c = 20;
    bool has_people = true;  // someone is there who may open the door
  };
  // Whether its door is open in a step of `dt` that ends now, if someone is there.
  [[nodiscard]] bool may_open(TimePoint now, Millis dt) { return open_ms(now, dt) > 0; }
  // The power that it wants in a step of `dt`, which ends now.
  [[nodiscard]] double demand_w(const Around& around, Millis dt);
  // The same step, in which it got this power.
  void run(double power_w, double air_c, Millis dt);

  void keep(this auto& self, auto& kept) {
    kept("celsius", self.temperature_c_);
    kept("wanted", self.wanted_);
  }

  [[nodiscard]] double temperature_c() const { return temperature_c_; }
  [[nodiscard]] bool runs() const { return runs_; }
  [[nodiscard]] bool is_open() const { return open_share_ > 0; }

 private:
  [[nodiscard]] double loss_w_per_k() const {
    return open_share_ * options_.open_w_per_k + options_.loss_w_per_k;
  }
  // After this time, 63 % of the way to the air outside is done.
  [[nodiscard]] double time_s(double loss_w_per_k) const;
  [[nodiscard]] std::int64_t open_ms(TimePoint now, Millis dt);
  void draw_door(std::int64_t span);
  void move_door(const Around& around, Millis dt);

  // When the door is open in a span of time; both are 0: not at all.
  struct Opening {
    std::int64_t span = -1;
    std::int64_t from_ms = 0;
    std::int64_t until_ms = 0;
  };
  Options options_;
  Chance chance_;
  Settings settings_;
  double temperature_c_ = 20;
  Decay closed_;           // while the door is
  Opening door_;           // of the last span
  double open_share_ = 0;  // of the last step's time
  bool wanted_ = false;
  bool runs_ = false;
};

}  // namespace gridloom::sim
