#include "app/command_line/time_command.h"

#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "app/control/admin_client.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "base/result.h"
#include "time/grammar.h"
#include "time/iso_text.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr int kPollInterval_ms = 50;

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
    ::poll(nullptr, 0, kPollInterval_ms);
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
