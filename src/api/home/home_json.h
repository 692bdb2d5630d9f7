// A home as GET /api/v1/home shows it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/family.h"
#include "history/energy/energy_sources.h"
#include "overview/home_picture.h"
#include "overview/ledger.h"
#include "overview/overview.h"

namespace gridloom::api {

// Values that are older say nothing about the power of the moment.
inline constexpr Millis kOldValue = std::chrono::minutes(5);

struct ShownDevice {
  std::string sn;
  std::string name;
  catalog::FamilyPtr family;
  history::EnergySources sources;
  overview::Role role = overview::Role::kOther;
  bool online = false;
  bool has_values = false;
  std::optional<TimePoint> last_report;  // nothing: not since the server started
  TimePoint moment;                      // when the moment of its last reports began
  overview::Overview figures;
  overview::Overview figures_before;  // when that moment began
};

// A connected device that is silent for longer than this is quiet.
[[nodiscard]] Millis quiet_after(const catalog::Family& family);
// "live", "quiet" (connected, but silent for longer than its family reports), "offline" or "never".
[[nodiscard]] std::string_view state_of(const ShownDevice& device, TimePoint now);
// The same, by what it depends on.
struct DeviceMoment {
  bool online = false;
  bool has_values = false;
  std::optional<TimePoint> last_report;
  TimePoint now;
};
[[nodiscard]] std::string_view state_of(const catalog::Family& family, const DeviceMoment& moment);

// When the device is shown otherwise by the time alone: it becomes quiet, or its values old.
// Nothing: it does not.
[[nodiscard]] std::optional<TimePoint> next_change(const ShownDevice& device, TimePoint now);

// The members of the object, without "now".
[[nodiscard]] std::string home_members(const std::vector<ShownDevice>& devices,
                                       const std::optional<overview::Ledger>& today, TimePoint now);

}  // namespace gridloom::api
