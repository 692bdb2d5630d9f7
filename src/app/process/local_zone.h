// The time zone of this process: read from the environment once, passed along from there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "time/time_zone.h"

namespace gridloom::app {

struct LocalZone {
  time::TimeZone zone{};
  std::string name{};     // "Europe/Berlin"; empty: UTC, or a zone without a name
  std::string warning{};  // for the administrator; empty: no problem
};

// The time zone of the process. The first call reads TZ, TZDIR and the zone file; it must come
// before other threads exist. Zone files are those in TZDIR, or of the system, or where the system
// has none, those beside the program (../share/zoneinfo), as in the portable archive.
[[nodiscard]] const LocalZone& local_zone();

struct ZoneEnvironment {
  std::optional<std::string> tz{};  // none: not set
  std::filesystem::path folder = time::kZoneFiles;
  std::filesystem::path system_zone = "/etc/localtime";  // used if TZ is not set
};
// As the C library understands TZ: the name of a zone, with or without a colon before it, a path,
// or a rule; empty is UTC. A zone that cannot be found is UTC, with a warning.
[[nodiscard]] LocalZone zone_of(const ZoneEnvironment& environment);

}  // namespace gridloom::app
