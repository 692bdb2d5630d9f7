// A home at one moment: its devices as they reported last, and the picture that they make. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/family.h"
#include "history/energy/energy_sources.h"
#include "home/event_book.h"
#include "overview/freshness.h"
#include "overview/home_flows.h"
#include "overview/home_picture.h"
#include "overview/overview.h"

namespace gridloom::home {

struct HomeDevice {
  std::string sn;
  std::string name;
  catalog::FamilyPtr family;
  std::shared_ptr<const history::EnergySources> sources;  // of its family; never null
  overview::Role role = overview::Role::kOther;
  bool online = false;
  bool has_values = false;
  std::optional<TimePoint> last_report;  // nothing: it has not reported
  TimePoint moment;                      // when the moment of its last reports began
  overview::Overview figures;
  overview::Overview figures_before;  // when that moment began
  FaultTimes faults_since;            // of figures.errors, those of which it is known
  std::string product{};              // its name, or that of its family; empty: neither is known
};

[[nodiscard]] overview::Freshness freshness_of(const HomeDevice& device, TimePoint now);
// Whether its values say something about the power of the moment.
[[nodiscard]] bool is_of_now(const HomeDevice& device, TimePoint now);
// When the device is shown otherwise by the time alone. Nothing: it is not.
[[nodiscard]] std::optional<TimePoint> next_change(const HomeDevice& device, TimePoint now);

// A home that is computed again shares the devices that are as they were.
using HomeDevicePtr = std::shared_ptr<const HomeDevice>;

struct HomeState {
  TimePoint now;
  std::vector<HomeDevicePtr> devices{};     // none is null
  std::optional<overview::Ledger> today{};  // nothing: not known
};

// Gives each device its role among the others (overview::roles_of()).
void set_roles(std::vector<HomeDevicePtr>& devices);

// The powers of a home belong to the moment of the last report of its meters: a switch that one
// device reported and the meter has not seen yet invents no power. The devices of the picture are
// those of the state.
[[nodiscard]] overview::HomePicture picture_of(const HomeState& state);

}  // namespace gridloom::home
