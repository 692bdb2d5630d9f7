// The operations on virtual time: the devices of a server may live in a time other than the wall
// clock's. User documentation: docs/user/time.md.
#pragma once

#include <span>
#include <string_view>

#include "app/operations/operation.h"
#include "base/result.h"

namespace gridloom::operations {

// Operations {"op": "time"}, "time.pause", "time.resume", "time.speed" with a "speed", and
// "time.step" with "ms". The answer holds the resulting time in "now" (UTC, ms), "speed", and
// "state": runs, settles (time stands still until the devices have caught up), paused, or real.
// kConflict: the server uses the wall clock.
[[nodiscard]] std::span<const Operation> time_operations();

// kBadParams: a virtual clock cannot have this speed; the detail begins with `name`.
[[nodiscard]] Status check_speed(double speed, std::string_view name);

}  // namespace gridloom::operations
