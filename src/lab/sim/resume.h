// Gives a virtual device back the values that it reported last, before its model resumes. Values
// that no report of this family has are left out, whatever the reason: another version of the
// device file, a report that never came, damage.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sim/fields.h"
#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::sim {

// The state in which a virtual device was left when its simulation ended.
struct LastState {
  std::optional<TimePoint> at{};  // of the last report; nullopt: unknown
  wire::JsonObject reported{};    // the last values, by the names that the device reports
  wire::JsonObject unreported{};  // Model::unreported()
};

struct RestoredFields {
  std::size_t count = 0;               // fields that have their last value again
  std::vector<std::string> missing{};  // names of the others, which keep their initial values
};
// A value of a wrong type, outside the field's range, or beyond any number that a device could
// count to, is left out. Where an injected fault of the family reports that very value, the fault
// has ended with the simulation: the field keeps its initial value, without counting as missing.
[[nodiscard]] RestoredFields restore_fields(Fields& fields, const wire::JsonObject& reported);

inline constexpr std::string_view kKeptAt = "atMs";    // of LastState::unreported: its moment
inline constexpr std::string_view kHabits = "habits";  // the same: Habits
// LastState::unreported. If a simulation ended without a farewell, it is older than the last
// report: only the settings in it count then.
[[nodiscard]] wire::JsonObject fresh_of(const LastState& last);

// The time between the last report, or what was kept after it, and `environment`. A clock that was
// set back makes no time.
[[nodiscard]] TimeOff time_off(const LastState& last, const Environment& environment);

}  // namespace gridloom::sim
