#include "sim/site.h"

#include <algorithm>

#include "catalog/site_meter.h"

namespace gridloom::sim {

using catalog::Plug;

namespace {

// Devices step in the order of their ranks. A household meter steps behind the device that
// regulates the connection, and measures what that and all others draw.
int rank_of(Plug plug, const DeviceDriver& driver) {
  if (!steps_last(plug)) return plug == Plug::kUnit ? 1 : 0;
  return catalog::measures_only(driver.device().family()) ? 3 : 2;
}

}  // namespace

void Site::join(DeviceDriver& driver, Plug plug, TimePoint resumes) {
  const auto after =
      std::ranges::upper_bound(joined_, rank_of(plug, driver), {},
                               [](const Joined& one) { return rank_of(one.plug, *one.driver); });
  joined_.insert(after, {.driver = &driver, .plug = plug, .resumes = resumes});
  const double drawn_w = driver.device().drawn_w();
  if (steps_last(plug)) {
    // A household meter starts with the power that passes the device that regulates.
    if (!catalog::measures_only(driver.device().family())) others_ac_w_ = drawn_w;
    return;
  }
  if (plug == Plug::kDc) {
    others_dc_w_ = others_dc_w_.value_or(0) + drawn_w;
  } else {
    others_ac_w_ += drawn_w;
    if (plug != Plug::kUnit) foreign_ac_w_ += drawn_w;
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
    // At a start, the device that supplies the site joins after those that it supplies.
    const bool has_supplier = !joined_.empty() && steps_last(joined_.back().plug);
    here.grid_up = !has_supplier || joined_.back().driver->device().supplies_others();
  }
  if (steps_last(plug)) {
    here.others_ac_w = others_ac_w_;
    here.others_dc_w = others_dc_w_;
  }
  if (plug == Plug::kUnit) {
    here.others_ac_w = foreign_ac_w_;
    here.able_units = able_units_;
  }
  return here;
}

void Site::advance(TimePoint now, void (DeviceDriver::*how)(const Environment& environment)) {
  double ac_w = 0;
  double dc_w = 0;
  able_units_ = 0;
  for (const Joined& each : joined_) {
    const bool is_of_system = each.plug == Plug::kUnit || each.plug == Plug::kMeter;
    able_units_ += is_of_system && each.driver->device().can_discharge() ? 1 : 0;
  }
  bool is_foreign = true;
  for (const Joined& each : joined_) {
    const bool is_last = steps_last(each.plug);
    if (is_foreign && (is_last || each.plug == Plug::kUnit)) {
      is_foreign = false;
      foreign_ac_w_ = ac_w;
    }
    if (is_last) {
      others_ac_w_ = ac_w;
      if (others_dc_w_) others_dc_w_ = dc_w;
    }
    if (now < each.resumes) {
      each.driver->begin_period(now);
    } else {
      (each.driver->*how)(at(now, each.plug));
    }
    const double drawn_w = each.driver->device().drawn_w();
    if (is_last) {
      ac_w = drawn_w;  // all that the others draw passes this device
    } else {
      (each.plug == Plug::kDc ? dc_w : ac_w) += drawn_w;
    }
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
