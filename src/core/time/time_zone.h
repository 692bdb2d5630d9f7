// Time zones as values: found once by name, then passed along. Nothing here depends on the time
// zone of the process.
//
// Copies are cheap and share the rules. Thread rule: a TimeZone may be used from any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "time/zone_rules.h"

namespace gridloom::time {

// The local time of some zone.
using LocalTime = std::chrono::local_time<Millis>;

// The folder of the system's zone files.
inline constexpr std::string_view kZoneFiles = "/usr/share/zoneinfo";

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  explicit TimeZone(ZoneRules rules)
      : rules_(std::make_shared<const ZoneRules>(std::move(rules))) {}

  // Finds "UTC"; "Europe/Berlin", which is a file in `folder`; or "CET-1CEST,M3.5.0,M10.5.0/3", the
  // rule itself. kNotFound: none of these; the detail has the name and examples. kMalformed: the
  // file is damaged. kIo: it cannot be read.
  [[nodiscard]] static Result<TimeZone> find(std::string_view name,
                                             const std::filesystem::path& folder = kZoneFiles);
  // Reads a zone file such as /etc/localtime.
  [[nodiscard]] static Result<TimeZone> read(const std::filesystem::path& file);

  // How far the zone's clocks are ahead of UTC.
  [[nodiscard]] std::chrono::seconds offset_at(TimePoint at) const;
  [[nodiscard]] LocalTime to_local(TimePoint at) const {
    return LocalTime(at.time_since_epoch() + offset_at(at));
  }
  // A time that the clocks show twice, because they are put back, is the first of the two. A time
  // that they skip, because they are put forward, is as much later as the clocks are put forward:
  // 02:30 is then 03:30.
  [[nodiscard]] TimePoint to_utc(LocalTime local) const;
  // The first moment at which the clocks show `local` or, if they skip it, a later time.
  [[nodiscard]] TimePoint first_at(LocalTime local) const;

 private:
  std::shared_ptr<const ZoneRules> rules_;  // null: UTC
};

// The time and zone to which a user's relative and local times refer.
struct Now {
  TimePoint at{};
  TimeZone zone{};
};

}  // namespace gridloom::time
