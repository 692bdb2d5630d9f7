// `gridloom history`: prints recorded values of a field as text, a chart or a table. The values
// come from the running server, through its admin socket, or from the folder of a stopped server
// (app/history_stream.h). A text is printed as it comes; a chart needs the whole answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "time/time_zone.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Draws a series of the JSON answer: a line of block characters, the minimum, mean and maximum, and
// the last `rows` points, with times of the zone.
[[nodiscard]] std::string drawn_history(const wire::JsonObject& answer, std::size_t rows,
                                        const time::TimeZone& zone);
// A round step that divides the span into about sixty parts.
[[nodiscard]] std::string usual_step(std::int64_t span_ms);

// Adds the command to the command line; parsing the command stores the action to run in `chosen`.
// The returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
