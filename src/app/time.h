// The time that the devices of a server live in, from the command line: `gridloom time`, and the
// options of `gridloom serve` that make it another than the wall's. docs/user/time.md is for
// people.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/admin.h"
#include "app/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/virtual_clock.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// None: the server keeps the wall's time. kBadParams: an option makes no sense, by its name.
using TimeOptions = std::optional<VirtualClock::Options>;
[[nodiscard]] Result<TimeOptions> time_options(const ServeOptions& options, TimePoint now);

// {"op": "time"}, and "time.pause", "time.resume", "time.speed" with a "speed", "time.step" with
// its "ms". The answer says what time it is then, in "now" (UTC, ms), "speed", and "state": runs,
// settles (it stands, and devices are not as far yet), paused, or real. kConflict: the server keeps
// the wall's time.
[[nodiscard]] Result<wire::Json> read_time(const Estate& estate, const wire::JsonObject& request);
[[nodiscard]] Result<wire::Json> change_time(const Estate& estate, const wire::JsonObject& request);

// Adds `gridloom time` to the command line; as add_backup() does.
[[nodiscard]] std::shared_ptr<void> add_time(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
