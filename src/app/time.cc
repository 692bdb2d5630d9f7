#include "app/time.h"

#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "app/admin_client.h"
#include "app/local_zone.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr int kLookEvery_ms = 50;

Json told(const VirtualClock::State& state) {
  const std::string_view word = !state.paused ? "runs" : state.settled ? "paused" : "settles";
  const bool is_whole = state.speed == std::floor(state.speed);
  return JsonObject{
      {"now", unix_ms(state.now)},
      {"speed", is_whole ? Json(static_cast<std::int64_t>(state.speed)) : Json(state.speed)},
      {"state", word}};
}

Status check_speed(double speed, std::string_view name) {
  if (speed >= VirtualClock::kSlowest && speed <= VirtualClock::kFastest) return {};
  return fail(ErrorCode::kBadParams, fmt::format("{} is {}: must be from {} to {}", name, speed,
                                                 VirtualClock::kSlowest, VirtualClock::kFastest));
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

Result<TimeOptions> time_options(const ServeOptions& options, const time::Now& now) {
  const bool is_real =
      options.speed == 1 && options.start.empty() && options.until.empty() && !options.paused;
  if (is_real) return std::nullopt;
  if (Status checked = check_speed(options.speed, "--speed"); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  VirtualClock::Options made{
      .start = now.at, .speed = options.speed, .until = {}, .paused = options.paused};
  const auto read = [&](std::string_view option, const std::string& text, TimePoint from) {
    return time::parse_time(text, {.name = option,
                                   .now = {.at = from, .zone = now.zone},
                                   .relative = time::TimeOptions::Relative::kAny});
  };
  if (!options.start.empty()) {
    const auto start = read("--start", options.start, now.at);
    if (!start) return std::unexpected(start.error());
    made.start = *start;
  }
  if (!options.until.empty()) {
    const auto until = read("--until", options.until, made.start);
    if (!until) return std::unexpected(until.error());
    if (*until <= made.start) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("--until {}: must be after the start, {}", options.until,
                              time::clock_text(made.start, now.zone)));
    }
    made.until = *until;
  }
  return made;
}

Result<Json> read_time(const AdminContext& context, const JsonObject&) {
  if (context.time != nullptr) return told(context.time->state());
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
  return told(time.state());
}

namespace {

struct Arguments {
  std::string data = "data";
  double speed = 1;
  std::string by;
};

int failed(const Error& fault) {
  fmt::print(stderr, "gridloom: {}\n", fault.detail);
  return 1;
}

std::string text_of(const Json& answer, std::string_view name) {
  const Json* value = wire::member(answer, name);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : wire::to_text(*value);
}

int print(const Json& answer) {
  const Json* now = wire::member(answer, "now");
  const bool known = now != nullptr && wire::is_whole(*now);
  fmt::print(
      "{}  speed {}  {}\n",
      known ? time::clock_text(TimePoint(Millis(wire::whole(*now))), local_zone().zone) : "?",
      text_of(answer, "speed"), text_of(answer, "state"));
  return report_warning(answer);
}

int ask(const Arguments& arguments, const JsonObject& request) {
  const auto answer = ask_admin(arguments.data, request);
  return answer ? print(*answer) : failed(answer.error());
}

// Returns once the devices have caught up.
int step(const Arguments& arguments) {
  const auto by = time::parse_span(arguments.by, {.name = "time step"});
  if (!by) return failed(by.error());
  auto answer = ask_admin(arguments.data, {{"op", "time.step"}, {"ms", by->count()}});
  while (answer && text_of(*answer, "state") != "paused") {
    ::poll(nullptr, 0, kLookEvery_ms);
    answer = ask_admin(arguments.data, {{"op", "time"}});
  }
  return answer ? print(*answer) : failed(answer.error());
}

}  // namespace

std::shared_ptr<void> add_time(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* time = app.add_subcommand("time", "Shows and controls the devices' time");
  time->require_subcommand(0, 1);
  time->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  time->fallthrough();
  const auto verb = [&](const std::string& name, const std::string& help,
                        std::function<int()> run) {
    CLI::App* made = time->add_subcommand(name, help);
    made->fallthrough();
    made->callback([&chosen, run = std::move(run)] { chosen = run; });
    return made;
  };
  // Runs before the callback of a subcommand, which overrides it.
  time->preparse_callback([&](std::size_t) { chosen = [&a] { return ask(a, {{"op", "time"}}); }; });
  verb("pause", "Pauses the devices' time", [&a] { return ask(a, {{"op", "time.pause"}}); });
  verb("resume", "Resumes the devices' time", [&a] { return ask(a, {{"op", "time.resume"}}); });
  verb("speed", "Sets the speed: seconds of the devices' time for each real second",
       [&a] { return ask(a, {{"op", "time.speed"}, {"speed", a.speed}}); })
      ->add_option("speed", a.speed)
      ->required();
  verb("step",
       "Advances the time by a span (30s, 15m, 2h, 7d) as fast as the devices can, then pauses",
       [&a] { return step(a); })
      ->add_option("by", a.by)
      ->required();
  return kept;
}

}  // namespace gridloom::app
