#include "app/control/time.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/virtual_clock.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

Json json_of(const VirtualClock::State& state) {
  const std::string_view word = !state.paused ? "runs" : state.settled ? "paused" : "settles";
  const bool is_whole = state.speed == std::floor(state.speed);
  return JsonObject{
      {"now", unix_ms(state.now)},
      {"speed", is_whole ? Json(static_cast<std::int64_t>(state.speed)) : Json(state.speed)},
      {"state", word}};
}

std::unexpected<Error> no_server() {
  return fail(ErrorCode::kConflict,
              "only a running server has a time, and none runs on this data folder");
}

Result<VirtualClock*> virtual_time(const AdminContext& context) {
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

Result<Json> read_time(const AdminContext& context, const JsonObject&) {
  if (context.time != nullptr) return json_of(context.time->state());
  if (context.hub == nullptr) return no_server();
  return JsonObject{{"now", unix_ms(context.clock.now())}, {"speed", 1}, {"state", "real"}};
}

Result<Json> change_time(const AdminContext& context, const JsonObject& request) {
  const auto found = virtual_time(context);
  if (!found) return std::unexpected(found.error());
  VirtualClock& time = **found;
  const auto number = [&](std::string_view name) {
    const Json* value = request.if_contains(name);
    return value != nullptr && value->is_number() ? value->to_number<double>() : 0.0;
  };
  const Json* op = request.if_contains("op");
  if (*op == "time.pause") time.pause();
  if (*op == "time.resume") time.resume();
  if (*op == "time.speed") {
    const double speed = number("speed");
    if (Status checked = check_speed(speed, "speed"); !checked) {
      return std::unexpected(std::move(checked.error()));
    }
    time.set_speed(speed);
  }
  if (*op == "time.step") {
    const double ms = number("ms");
    if (ms < 1 || ms > static_cast<double>(time::kLongestSpan.count())) {
      return fail(ErrorCode::kBadParams, "ms must be from 1 to 86400000000000 (a million days)");
    }
    time.step(Millis(std::llround(ms)));
  }
  return json_of(time.state());
}

}  // namespace gridloom::app
