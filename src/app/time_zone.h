// Finds the time zone files, also on a system that has none of its own.
#pragma once

#include <filesystem>
#include <string>

namespace gridloom::app {

// If the system has no zone files (/usr/share/zoneinfo) and TZDIR is not set, sets TZDIR to
// `program`/../../share/zoneinfo, provided that this folder exists, as in our portable archive.
// Call before any other thread exists and before the first use of local time.
void find_zone_files(const std::filesystem::path& program);

// A warning for the administrator if TZ names a zone that is not found, which the C library
// silently takes for UTC; empty: no problem.
[[nodiscard]] std::string time_zone_warning();

}  // namespace gridloom::app
