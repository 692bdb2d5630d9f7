#include "overview/freshness.h"

#include <algorithm>

namespace gridloom::overview {
namespace {

constexpr Millis kUsualRhythm = std::chrono::seconds(60);

}  // namespace

std::string_view name_of(Freshness freshness) {
  switch (freshness) {
    case Freshness::kLive:
      return "live";
    case Freshness::kQuiet:
      return "quiet";
    case Freshness::kOffline:
      return "offline";
    case Freshness::kNever:
      return "never";
  }
  return {};
}

Freshness freshness_of(const catalog::Family& family, const DeviceMoment& moment) {
  if (!moment.online) return moment.has_values ? Freshness::kOffline : Freshness::kNever;
  const bool is_live = moment.age && *moment.age <= quiet_after(family);
  return is_live ? Freshness::kLive : Freshness::kQuiet;
}

// A device without changes sends all its values now and then; half as long again is late.
Millis quiet_after(const catalog::Family& family) {
  return std::max(kUsualRhythm, Millis(family.messages.full_ms * 3 / 2));
}

std::optional<TimePoint> next_change(const catalog::Family& family, TimePoint last_report,
                                     TimePoint now) {
  std::optional<TimePoint> next;
  for (const Millis age : {quiet_after(family), kOldValue}) {
    const TimePoint at = last_report + age + Millis(1);
    if (at > now && (!next || at < *next)) next = at;
  }
  return next;
}

}  // namespace gridloom::overview
