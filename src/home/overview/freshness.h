// How fresh the values of a device are: one answer for the page, the API and the terminal. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "catalog/family.h"

namespace gridloom::overview {

// Values that are older say nothing about the power of the moment; those of a device that is away
// longer than it takes to sign in again, neither.
inline constexpr Millis kOldValue = std::chrono::minutes(5);
inline constexpr Millis kSignsInAgain = std::chrono::minutes(1);
// Whether values of that age say something about the power of the moment, of a connected device.
[[nodiscard]] constexpr bool is_of_now(Millis age) { return age <= kOldValue; }

enum class Freshness : std::uint8_t {
  kLive,
  kQuiet,    // connected, but silent for longer than its family reports
  kOffline,  // not connected
  kNever     // not connected, and it has never reported
};
// "live", "quiet", "offline", "never"
[[nodiscard]] std::string_view name_of(Freshness freshness);

struct DeviceMoment {
  bool online = false;
  bool has_values = false;
  std::optional<Millis> age{};  // of the last report; nothing: it has not reported
};
// Whether the values of the device say something about the power of the moment.
[[nodiscard]] constexpr bool is_of_now(const DeviceMoment& moment) {
  return moment.age && *moment.age <= (moment.online ? kOldValue : kSignsInAgain);
}
[[nodiscard]] Freshness freshness_of(const catalog::Family& family, const DeviceMoment& moment);

// A connected device that is silent for longer than this is quiet.
[[nodiscard]] Millis quiet_after(const catalog::Family& family);
// When a device that reported last at `last_report` is shown otherwise by the time alone: it
// becomes quiet, or its values are not of now any more. Nothing: it does not.
[[nodiscard]] std::optional<TimePoint> next_change(const catalog::Family& family,
                                                   TimePoint last_report, TimePoint now);

}  // namespace gridloom::overview
