// Where time zones come from, on a system that may have none of its own.
#pragma once

#include <filesystem>
#include <string>

namespace gridloom::app {

// Where the system has no zone files (/usr/share/zoneinfo), and nobody set TZDIR, TZDIR becomes
// `program`/../../share/zoneinfo, if it is there: as in our portable archive. Before any other
// thread, and before the first use of local time.
void find_zone_files(const std::filesystem::path& program);

// What to tell the administrator if TZ names a zone that is not found, which the C library takes
// for UTC without a word; empty: all is well.
[[nodiscard]] std::string time_zone_warning();

}  // namespace gridloom::app
