// The devices of one site: they share the sky, a household and a connection to the grid, and they
// step together. Those that draw from the site or feed it step first; the one that measures the
// connection, or that supplies a site without one, steps last, with what all others draw in the
// same step. So no watt appears twice or nowhere, whatever the steps' length. Further units of the
// system at the meter step before it, and each supplies its share of what the rest of the site
// draws. A household meter steps behind the device that regulates the connection.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "catalog/home.h"
#include "sim/device_driver.h"
#include "sim/home.h"
#include "sim/model.h"
#include "sim/world.h"

namespace gridloom::sim {

// A world and its last moment, for which most devices ask.
class SharedWorld {
 public:
  explicit SharedWorld(const World::Options& options) : world_(options) {}

  [[nodiscard]] const Environment& at(TimePoint now) {
    if (!last_ || last_->now != now) last_ = world_.at(now);
    return *last_;
  }

 private:
  World world_;
  std::optional<Environment> last_;
};

// Whether a device with this plug steps after the others of its site.
[[nodiscard]] constexpr bool steps_last(catalog::Plug plug) {
  return plug == catalog::Plug::kMeter || plug == catalog::Plug::kOffGrid;
}

class Site {
 public:
  explicit Site(const SiteOptions& options)
      : world_(std::make_shared<SharedWorld>(options.world)),
        household_(options.household),
        has_grid_(options.has_grid) {}
  // Makes the site of one device, which shares the sky alone with others.
  explicit Site(std::shared_ptr<SharedWorld> world) : world_(std::move(world)) {}

  // The environment of a device that is plugged in so, with the power that the others drew in the
  // last step.
  [[nodiscard]] Environment at(TimePoint now, catalog::Plug plug) const;

  // `driver` outlives this. At most one is plugged in as kMeter or kOffGrid, and beside a kMeter
  // one household meter (catalog::measures_only()); make it after the others have joined, so that
  // it starts with what they draw (steps_last()). Until `resumes` it stands still.
  void join(DeviceDriver& driver, catalog::Plug plug, TimePoint resumes = {});
  [[nodiscard]] std::size_t size() const { return joined_.size(); }

  // Advances all devices to `now`, and reports what changed.
  void step(TimePoint now) {
    advance(now, &DeviceDriver::step);
    reported_ = now;
  }
  // Advances them without a report.
  void move(TimePoint now) { advance(now, &DeviceDriver::move); }
  // When the next step is due, as for DeviceDriver; and when the last one was, of any device.
  [[nodiscard]] TimePoint due(Millis least = Millis(0)) const;
  [[nodiscard]] TimePoint stepped() const;
  // When step() was called last; the epoch: never.
  [[nodiscard]] TimePoint reported() const { return reported_; }

 private:
  struct Joined {
    DeviceDriver* driver;
    catalog::Plug plug;
    TimePoint resumes;
  };
  void advance(TimePoint now, void (DeviceDriver::*how)(const Environment& environment));
  [[nodiscard]] bool has_grid() const;

  std::shared_ptr<SharedWorld> world_;
  std::optional<household::Shared> household_;
  bool has_grid_ = true;
  std::vector<Joined> joined_;  // in the order of their steps
  // The power that the others drew in the last step, and the part of it that was not of the meter's
  // system.
  double others_ac_w_ = 0;
  double foreign_ac_w_ = 0;
  int able_units_ = 0;  // of the meter's system
  std::optional<double> others_dc_w_;
  TimePoint reported_;
};

}  // namespace gridloom::sim
