// `gridloom history`: what a field was, for people and for spreadsheets; asked of the running
// server through its admin socket, or read from the folder of a stopped one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// {"op":"history","sn":..,"fields":..,"from":..,..} to {"text":..}, the answer in the format that
// was asked for. kBadParams, kNotFound: the detail says what is wrong.
[[nodiscard]] Result<wire::Json> read_history(const Estate& estate,
                                              const wire::JsonObject& request);

// A series of the JSON answer, drawn: a line of blocks, its least, mean and greatest, and the last
// `rows` points.
[[nodiscard]] std::string drawn_history(const wire::JsonObject& answer, std::size_t rows);
// A step of which the span has about sixty, as somebody would say it.
[[nodiscard]] std::string usual_step(std::int64_t span_ms);

// Adds the verb to the command line; parsing it puts what is to run into `chosen`. The returned
// object holds what was parsed and has to live as long.
[[nodiscard]] std::shared_ptr<void> add_history(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
