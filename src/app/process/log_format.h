// The lines of the log: their times are those of a time zone that is passed in.
#pragma once

#include <spdlog/formatter.h>

#include <cstdint>
#include <memory>

#include "time/time_zone.h"

namespace gridloom::app {

// "[2026-11-20 14:05:30.125] [NAME] [info] MESSAGE"; without a name, the brackets for it are
// left out as well. A message of a thread of a slot's server (node/slot_thread.h) begins with the
// slot: "slot 3: MESSAGE", unless it names it itself.
enum class LogName : std::uint8_t { kNone, kShown };
[[nodiscard]] std::unique_ptr<spdlog::formatter> log_formatter(const time::TimeZone& zone,
                                                               LogName name);

}  // namespace gridloom::app
