// How well an inverter keeps the grid at zero with its battery: it reacts after a dead time, then
// approaches the new power exponentially, and its meter is a little wrong. The grid supplies the
// part of the home's power that it misses. The figures are those of measured systems.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/models/parts.h"
#include "sim/power_flow.h"
#include "sim/quick_noise.h"

namespace gridloom::sim {

class Regulation {
 public:
  // `error_w`: of its meter, as a standard deviation.
  Regulation(const Chance& chance, double error_w)
      : chance_(chance), noise_(chance.split("noise")), error_w_(error_w) {}

  // The power of the batteries for an offer, in a step of `dt` that ends `now`.
  [[nodiscard]] double battery_w(const PowerOffer& offer, TimePoint now, Millis dt) {
    const double wanted_w = battery_power_w(offer);
    if (offer.export_w <= 0) return wanted_w;
    const double noise = noise_.normal(static_cast<std::uint64_t>(unix_ms(now)));
    const double late_w = missed_w(now, wanted_w, seconds_of(dt), noise);
    if (wanted_w <= -offer.give_w || wanted_w >= offer.take_w) return wanted_w;
    return std::clamp(wanted_w - late_w, -offer.give_w, offer.take_w);
  }

  // An inverter that is limited stays a little below its limit.
  [[nodiscard]] double below_w(double limit_w, TimePoint now) const {
    constexpr double kBelow = 0.002;
    const double noise = noise_.normal(static_cast<std::uint64_t>(unix_ms(now)) + 1);
    return limit_w * (1 - kBelow * std::abs(noise));
  }

  // The part of the wanted power that the battery misses, on average over a step that ends `now`.
  // `noise`: of the step, mean 0, deviation 1.
  [[nodiscard]] double missed_w(TimePoint now, double wanted_w, double seconds, double noise) {
    const double before_w = std::exchange(followed_w_, wanted_w).value_or(wanted_w);
    const double change_w = wanted_w - before_w + behind_w_;
    set_step(seconds);
    behind_w_ = change_w * left_;
    const std::int64_t slot = unix_ms(now) / kBiasHolds_ms;
    if (slot != bias_slot_) {
      bias_slot_ = slot;
      bias_w_ = error_w_ * chance_.normal(static_cast<std::uint64_t>(slot));
    }
    return change_w * missed_ + bias_w_ + kRipple * error_w_ * noise;
  }

  void keep(this auto& self, auto& kept) {
    kept("followed", self.followed_w_);
    kept("behind", self.behind_w_);
  }

 private:
  static constexpr double kDeadTime_s = 0.6;
  static constexpr double kFollowTime_s = 0.7;
  static constexpr double kRipple = 0.75;  // of the error, in each step
  static constexpr std::int64_t kBiasHolds_ms = 600'000;

  // The part of a change that is missed at the end of the step, and on average over it. Computed
  // again only when the steps' length changes, since a step would wait for its division.
  void set_step(double seconds) {
    if (seconds == seconds_) return;
    seconds_ = seconds;
    left_ = std::exp(-std::max(0.0, seconds - kDeadTime_s) / kFollowTime_s);
    const double late_s = std::min(seconds, kDeadTime_s) + kFollowTime_s * (1 - left_);
    missed_ = late_s / std::max(seconds, kDeadTime_s + kFollowTime_s);
  }

  Chance chance_;
  QuickNoise noise_;
  double error_w_;
  std::optional<double> followed_w_;  // what the battery follows, and how far it is behind
  double behind_w_ = 0;
  std::int64_t bias_slot_ = -1;
  double bias_w_ = 0;
  double seconds_ = 0;
  double left_ = 1;
  double missed_ = 0;
};

}  // namespace gridloom::sim
