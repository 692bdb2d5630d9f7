// Virtual time on the command line: `gridloom time`, and the options of `gridloom serve` that make
// the devices of a server live in a time other than the wall clock's. User documentation:
// docs/user/time.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/admin.h"
#include "app/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/virtual_clock.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// No value: the server uses the wall clock. kBadParams: an option has an invalid value; the detail
// names the option.
using TimeOptions = std::optional<VirtualClock::Options>;
[[nodiscard]] Result<TimeOptions> time_options(const ServeOptions& options, const time::Now& now);

// Operations {"op": "time"}, "time.pause", "time.resume", "time.speed" with a "speed", and
// "time.step" with "ms". The answer holds the resulting time in "now" (UTC, ms), "speed", and
// "state": runs, settles (time stands still until the devices have caught up), paused, or real.
// kConflict: the server uses the wall clock.
[[nodiscard]] Result<wire::Json> read_time(const AdminContext& context,
                                           const wire::JsonObject& request);
[[nodiscard]] Result<wire::Json> change_time(const AdminContext& context,
                                             const wire::JsonObject& request);

// Adds `gridloom time` to the command line; see add_backup() for the contract.
[[nodiscard]] std::shared_ptr<void> add_time(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
