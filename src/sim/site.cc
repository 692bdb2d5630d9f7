#include "sim/site.h"

#include <algorithm>

namespace gridloom::sim {

using catalog::Plug;

void Site::join(DeviceDriver& driver, Plug plug) {
  const bool before_last = !joined_.empty() && steps_last(joined_.back().plug);
  joined_.insert(before_last ? joined_.end() - 1 : joined_.end(),
                 {.driver = &driver, .plug = plug});
  if (steps_last(plug)) return;
  const double drawn_w = driver.device().drawn_w();
  if (plug == Plug::kDc) {
    others_dc_w_ = others_dc_w_.value_or(0) + drawn_w;
  } else {
    others_ac_w_ += drawn_w;
  }
}

// Where the meter has no voltage, nobody has; another device may have been unplugged.
bool Site::has_grid() const {
  if (!has_grid_) return false;
  return joined_.empty() || joined_.back().plug != Plug::kMeter ||
         !joined_.back().driver->device().lacks_grid();
}

Environment Site::at(TimePoint now, Plug plug) const {
  Environment here = world_->at(now);
  here.household = household_;
  here.grid_up = here.grid_up && has_grid();
  if (plug == Plug::kDc) {
    here.grid_up = !joined_.empty() && joined_.back().driver->device().supplies_others();
  }
  if (steps_last(plug)) {
    here.others_ac_w = others_ac_w_;
    here.others_dc_w = others_dc_w_;
  }
  return here;
}

void Site::advance(TimePoint now, void (DeviceDriver::*how)(const Environment& environment)) {
  double ac_w = 0;
  double dc_w = 0;
  for (const Joined& each : joined_) {
    if (steps_last(each.plug)) {
      others_ac_w_ = ac_w;
      if (others_dc_w_) others_dc_w_ = dc_w;
    }
    (each.driver->*how)(at(now, each.plug));
    (each.plug == Plug::kDc ? dc_w : ac_w) += each.driver->device().drawn_w();
  }
}

TimePoint Site::due(Millis least) const {
  TimePoint due = TimePoint::max();
  for (const Joined& each : joined_) due = std::min(due, each.driver->due(least));
  return due;
}

TimePoint Site::stepped() const {
  TimePoint stepped = TimePoint::max();
  for (const Joined& each : joined_) stepped = std::min(stepped, each.driver->stepped());
  return stepped;
}

}  // namespace gridloom::sim
