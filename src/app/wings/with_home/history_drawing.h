// Recorded values drawn for a terminal. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::app {

// Whether an answer has the form of GET /api/v1/devices/SN/history: another server may answer
// anything.
[[nodiscard]] bool is_history(const wire::Json& answer);

// Draws a series of the JSON answer (is_history()): a line of block characters, the minimum, mean
// and maximum, and the last `rows` points, with times of the zone.
[[nodiscard]] std::string draw_history(const wire::JsonObject& answer, std::size_t rows,
                                       const time::TimeZone& zone);
// A round step that divides the span into about sixty parts.
[[nodiscard]] std::string default_step(std::int64_t span_ms);

}  // namespace gridloom::app
