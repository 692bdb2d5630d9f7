// The sun on a module that faces one way, and the shadow that falls on it. Pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "sim/model.h"

namespace gridloom::sim {

class Roof {
 public:
  // Azimuths count from the south, positive to the west; a tilt of 0 is flat.
  struct Options {
    double azimuth_deg = 0;
    double tilt_deg = 0;
    // A tree or a chimney before the sun: where its middle is, and its radius as seen from here.
    double shadow_azimuth_deg = 0;
    double shadow_height_deg = 0;
    double shadow_radius_deg = 0;  // 0: nothing
  };
  Roof() : Roof(Options{}) {}
  explicit Roof(const Options& options)
      : normal_(direction(options.azimuth_deg, 90 - options.tilt_deg)),
        shadow_(direction(options.shadow_azimuth_deg, options.shadow_height_deg)),
        sky_view_((1 + normal_.up) / 2),
        shadow_from_(std::cos(radians(options.shadow_radius_deg * kEdge))),
        shadow_full_(std::cos(radians(options.shadow_radius_deg))),
        has_shadow_(options.shadow_radius_deg > 0) {}

  // Those that the home gives, without a shadow, replace `own`: an input without one has no
  // modules.
  template <typename Roofs>
  static void replace(Roofs& own, const Environment& environment) {
    if (!environment.roofs) return;
    for (std::size_t k = 0; k < own.size(); ++k) {
      own[k] = Roof();
      own[k].has_modules_ = k < environment.roofs->size();
      if (!own[k].has_modules_) continue;
      const catalog::Roof& given = (*environment.roofs)[k];
      own[k] = Roof(Options{.azimuth_deg = given.azimuth_deg - 180, .tilt_deg = given.tilt_deg});
    }
  }
  [[nodiscard]] bool has_modules() const { return has_modules_; }

  // As Environment::sun, on this module.
  [[nodiscard]] double sun(const Environment& environment) const {
    if (!has_modules_) return 0;
    if (!environment.sun_direction || environment.sun <= 0) return environment.sun;
    const SunDirection& from = *environment.sun_direction;
    const double facing = std::max(0.0, dot(from, normal_));
    // A low sun is at most so much stronger on a steep module than on a flat one.
    const double beam = std::min(facing / std::max(from.up, kLowSun), kMostGain);
    const double share = from.direct * beam * lit(from) + (1 - from.direct) * sky_view_;
    return std::min(environment.sun * share, kMostSun);
  }

 private:
  static constexpr double kLowSun = 0.06;
  static constexpr double kMostGain = 4;
  static constexpr double kMostSun = 1.15;
  static constexpr double kEdge = 1.6;      // the shadow's edge is soft up to here
  static constexpr double kRemains = 0.15;  // of the direct light in the shadow

  [[nodiscard]] static double radians(double degrees) { return degrees * std::numbers::pi / 180; }
  [[nodiscard]] static SunDirection direction(double azimuth_deg, double height_deg) {
    const double azimuth = radians(azimuth_deg);
    const double height = radians(height_deg);
    return {.east = -std::sin(azimuth) * std::cos(height),
            .north = -std::cos(azimuth) * std::cos(height),
            .up = std::sin(height),
            .direct = 0};
  }
  [[nodiscard]] static double dot(const SunDirection& a, const SunDirection& b) {
    return a.east * b.east + a.north * b.north + a.up * b.up;
  }
  [[nodiscard]] double lit(const SunDirection& from) const {
    if (!has_shadow_) return 1;
    // Beside the shadow, as nearly always, there is nothing to divide.
    const double beyond_edge = dot(from, shadow_) - shadow_from_;
    if (beyond_edge <= 0) return 1;
    const double depth = std::min(beyond_edge / (shadow_full_ - shadow_from_), 1.0);
    return 1 - (1 - kRemains) * depth;
  }

  SunDirection normal_;
  SunDirection shadow_;
  double sky_view_;
  double shadow_from_;
  double shadow_full_;
  bool has_shadow_;
  bool has_modules_ = true;
};

// The PV inputs of a device without roofs of its own: what the home gives them, or else the open
// sky.
class Roofs {
 public:
  void take(const Environment& environment, std::size_t inputs) {
    given_.assign(environment.roofs ? inputs : 0, Roof());
    Roof::replace(given_, environment);
  }
  [[nodiscard]] double sun(std::size_t input, const Environment& environment) const {
    return input < given_.size() ? given_[input].sun(environment) : environment.sun;
  }

 private:
  std::vector<Roof> given_;
};

}  // namespace gridloom::sim
