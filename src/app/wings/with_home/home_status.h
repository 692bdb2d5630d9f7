// The picture of each device that `gridloom status` shows. Pure, but for read_status().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line/home_options.h"
#include "app/home/home.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "overview/freshness.h"
#include "overview/overview.h"
#include "wire/json.h"

namespace gridloom::app {

struct DeviceStatus {
  ShownDevice device{};
  std::string family{};
  catalog::FamilyPtr device_file{};  // of the family; null: it takes no part in the home's powers
  overview::Overview overview{};
  overview::Freshness freshness = overview::Freshness::kOffline;
  std::optional<Millis> age{};    // since the last report
  wire::JsonObject energy_kwh{};  // of today; empty: not known
  std::string error{};            // why its values could not be read
  ErrorCode code{};               // likewise, if there is an error
  // Members of status_json() that are to be marked, because they have changed.
  std::vector<std::string> changed{};
};

enum class WithEnergy : std::uint8_t { kNo, kYes };
[[nodiscard]] DeviceStatus read_status(OpenHome& home, const ShownDevice& device,
                                       WithEnergy with_energy = WithEnergy::kYes);

struct StatusLayout {
  bool coloured = false;
  std::size_t width = 0;  // characters of the terminal's line; 0: any width is good
  bool marks = false;     // a column with * for the devices that have changed
};

// "██████░░░░"
[[nodiscard]] std::string charge_bar(double percent, std::size_t characters = 10);
// Two tables: a line a device, and the energy of today where there is any.
[[nodiscard]] std::string status_text(const std::vector<DeviceStatus>& devices,
                                      const StatusLayout& layout);
// The powers of the home that the devices make, which are not their sums: "home 405 W, sun 3420 W,
// battery 61 % charging 156 W, from the grid 22 W". A line for each owner; empty: nothing is known.
[[nodiscard]] std::string home_text(const std::vector<DeviceStatus>& devices);
// The same for programs, an object for each owner; null: not known, or the home has no such place.
[[nodiscard]] std::vector<wire::JsonObject> home_json(const std::vector<DeviceStatus>& devices);
[[nodiscard]] wire::JsonObject status_json(const DeviceStatus& status);

// The home live, as `gridloom watch` shows it; returns the exit code.
[[nodiscard]] int watch_home(const HomeOptions& options);

// The changes between two looks at a home: for `gridloom watch`. Pure.

// One value as it was read.
struct SeenValue {
  std::string sn;
  std::string field;
  wire::Json value;
  std::string text;  // with unit and name
};

struct ValueChange {
  const SeenValue* before = nullptr;  // null: seen for the first time
  const SeenValue* now = nullptr;
};

// The values of `now` that are new or differ, in its order. The pointers are into the arguments.
[[nodiscard]] std::vector<ValueChange> changes_between(const std::vector<SeenValue>& before,
                                                       const std::vector<SeenValue>& now);

// "14:05:30  R331...  pd.soc  62 % -> 63 %"
[[nodiscard]] std::string change_line(const ValueChange& change, const std::string& clock);
[[nodiscard]] wire::JsonObject change_json(const ValueChange& change, const std::string& at);

}  // namespace gridloom::app
