// The options of `gridloom serve` that make the devices of a server live in a time other than the
// wall clock's. User documentation: docs/user/time.md.
#pragma once

#include <optional>

#include "app/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/virtual_clock.h"
#include "time/time_zone.h"

namespace gridloom::app {

// No value: the server uses the wall clock. kBadParams: an option has an invalid value; the detail
// names the option.
using TimeOptions = std::optional<VirtualClock::Options>;
[[nodiscard]] Result<TimeOptions> time_options(const ServeOptions& options, const time::Now& now);

}  // namespace gridloom::app
