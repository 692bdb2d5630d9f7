// The operations on virtual time: the devices of a server may live in a time other than the wall
// clock's. User documentation: docs/user/time.md.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "base/virtual_clock.h"
#include "parameters/arguments.h"
#include "time/grammar.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonObject;

// A time that runs and does not move on says why.
Json json_of(const VirtualClock::State& state, const Context& context) {
  const std::string_view word = !state.paused ? "runs" : state.settled ? "paused" : "settles";
  const bool is_whole = state.speed == std::floor(state.speed);
  JsonObject row{
      {"now", unix_ms(state.now)},
      {"speed", is_whole ? Json(static_cast<std::int64_t>(state.speed)) : Json(state.speed)},
      {"state", word}};
  const bool is_at_rest = state.paused && state.settled;
  if (const std::string why = context.archive.failing(); !why.empty() && !is_at_rest) {
    row["failing"] = why;
  }
  return row;
}

std::unexpected<Error> no_server() {
  return fail(ErrorCode::kConflict,
              "only a running server has a time, and none runs on this data folder");
}

Result<VirtualClock*> virtual_time(const Context& context) {
  if (context.time != nullptr) return context.time;
  if (context.hub == nullptr) return no_server();
  return fail(ErrorCode::kConflict,
              "this server uses the time of the system clock; start it with --speed, --start, "
              "--until or --paused to control its time");
}

}  // namespace

Status check_speed(double speed, std::string_view name) {
  if (speed >= VirtualClock::kSlowest && speed <= VirtualClock::kFastest) return {};
  return fail(ErrorCode::kBadParams, fmt::format("{} is {}: must be from {} to {}", name, speed,
                                                 VirtualClock::kSlowest, VirtualClock::kFastest));
}

namespace {

Result<Json> read_time(const Context& context, const Arguments&) {
  if (context.time != nullptr) return json_of(context.time->state(), context);
  if (context.hub == nullptr) return no_server();
  return JsonObject{{"now", unix_ms(context.clock.now())}, {"speed", 1}, {"state", "real"}};
}

template <typename Change>
Result<Json> change_time(const Context& context, Change change) {
  GL_TRY(const auto found, virtual_time(context));
  change(*found);
  return json_of(found->state(), context);
}

Result<Json> pause(const Context& context, const Arguments&) {
  return change_time(context, [](VirtualClock& time) { time.pause(); });
}

Result<Json> resume(const Context& context, const Arguments&) {
  return change_time(context, [](VirtualClock& time) { time.resume(); });
}

Result<Json> set_speed(const Context& context, const Arguments& arguments) {
  return change_time(context, [speed = arguments.number("speed").value_or(1)](VirtualClock& time) {
    time.set_speed(speed);
  });
}

Result<Json> step(const Context& context, const Arguments& arguments) {
  return change_time(context, [ms = arguments.integer("ms").value_or(0)](VirtualClock& time) {
    time.step(Millis(ms));
  });
}

constexpr std::array kSpeedParameters = {
    Parameter{.name = "speed",
              .text = "Seconds of the devices' time for each real second",
              .type = Type::kNumber,
              .required = true,
              .least = VirtualClock::kSlowest,
              .most = VirtualClock::kFastest},
};
constexpr std::array kStepParameters = {
    Parameter{.name = "ms",
              .text = "The span, in milliseconds",
              .type = Type::kInteger,
              .required = true,
              .least = 1,
              .most = static_cast<double>(time::kLongestSpan.count())},
};

constexpr std::array kTimeOperations = {
    Operation{.name = "time",
              .text = "Shows the devices' time",
              .audit = kChangesNothing,
              .function = read_time},
    Operation{.name = "time.pause",
              .text = "Pauses the devices' time",
              .audit = {Recorded::kBeforeAnswer, "time.pause", {"now"}},
              .function = pause},
    Operation{.name = "time.resume",
              .text = "Resumes the devices' time",
              .audit = {Recorded::kBeforeAnswer, "time.resume", {"now"}},
              .function = resume},
    Operation{.name = "time.speed",
              .text = "Sets the speed of the devices' time",
              .parameters = kSpeedParameters,
              .audit = {Recorded::kBeforeAnswer, "time.speed", {"speed", "now"}},
              .function = set_speed},
    Operation{.name = "time.step",
              .text = "Advances the time by a span as fast as the devices can, then pauses",
              .parameters = kStepParameters,
              .audit = {Recorded::kBeforeAnswer, "time.step", {"ms", "now"}},
              .function = step},
};
static_assert(are_complete(kTimeOperations));

}  // namespace

std::span<const Operation> time_operations() { return kTimeOperations; }

}  // namespace gridloom::operations
