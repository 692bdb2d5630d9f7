// `gridloom time`: shows and controls the devices' time of a running server.
#include <fmt/format.h>
#include <poll.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/process/local_zone.h"
#include "app/process/progress.h"
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

struct TimeArguments {
  std::string data;
  double speed = 1;
  std::string by;
  bool json = false;
};

std::optional<Millis> now_in(const Json& answer) {
  const auto now_ms = wire::whole_in(answer, "now");
  return now_ms ? std::optional(Millis(*now_ms)) : std::nullopt;
}

int print(const Json& answer, bool json) {
  if (json) {
    print_object(answer.get_object(), true);
    print_warning(answer);
    return 0;
  }
  const auto now = now_in(answer);
  fmt::print("{}  speed {}  {}\n", now ? time::clock_text(TimePoint(*now), local_zone().zone) : "?",
             member_text(answer, "speed"), member_text(answer, "state"));
  print_warning(answer);
  return 0;
}

int ask(const TimeArguments& arguments, const JsonObject& request) {
  const auto answer = ask_admin(arguments.data, request);
  return answer ? print(*answer, arguments.json) : report_error(answer.error());
}

// The devices' time between the begin and the end of a step.
class StepProgress {
 public:
  StepProgress(const Json& first, Millis span) : span_(span) {
    if (const auto now = now_in(first)) begun_ = *now;
  }
  void show(const Json& answer) {
    const auto now = now_in(answer);
    if (!begun_ || !now) return;
    const Millis elapsed = *now - *begun_;
    progress_.show(
        static_cast<double>(elapsed.count()) / static_cast<double>(span_.count()),
        fmt::format("{} of {}", time::rounded_span_text(elapsed), time::rounded_span_text(span_)));
  }
  void end() { progress_.end(); }

 private:
  Millis span_;
  std::optional<Millis> begun_;
  Progress progress_;
};

// Returns once the devices have caught up.
int step(const TimeArguments& arguments) {
  const auto by = time::parse_span(arguments.by, {.name = "time step"});
  if (!by) return report_error(by.error());
  auto answer = ask_admin(arguments.data, {{"op", "time.step"}, {"ms", by->count()}});
  if (answer) {
    StepProgress progress(*answer, *by);
    std::string why;
    while (answer && member_text(*answer, "state") != "paused") {
      ::poll(nullptr, 0, kPollInterval_ms);
      answer = ask_admin(arguments.data, {{"op", "time"}});
      if (!answer) break;
      progress.show(*answer);
      if (member_text(*answer, "failing") != std::exchange(why, member_text(*answer, "failing")) &&
          !why.empty()) {
        progress.end();
        print_note(
            fmt::format("gridloom: the devices' time stands still: {}; it goes on by itself "
                        "when that is over",
                        why));
      }
    }
  }
  return answer ? print(*answer, arguments.json) : report_error(answer.error());
}

}  // namespace

std::shared_ptr<void> add_time(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<TimeArguments>();
  TimeArguments& a = *kept;
  CLI::App* time = add_command(app, "time", "Shows and controls the devices' time");
  set_group(*time, group::kTest);
  set_examples(*time, {"gridloom time", "gridloom time step 1d", "gridloom time speed 60"});
  allow_command_below(*time, chosen, [&a] { return ask(a, {{"op", "time"}}); });
  add_data_option(*time, a.data);
  add_json_option(*time, a.json);
  accept_options_of_parent(*time);
  const auto verb = [&](const std::string& name, const std::string& help,
                        std::function<int()> run) {
    CLI::App* made = add_command(*time, name, help);
    accept_options_of_parent(*made);
    set_action(*made, chosen, std::move(run));
    return made;
  };
  // All print the time as a line for people, and a step waits for the devices.
  CLI::App* pause =
      verb("pause", operation_text("time.pause"), [&a] { return ask(a, {{"op", "time.pause"}}); });
  set_examples(*pause, {"gridloom time pause"});
  CLI::App* resume = verb("resume", operation_text("time.resume"),
                          [&a] { return ask(a, {{"op", "time.resume"}}); });
  set_examples(*resume, {"gridloom time resume"});
  CLI::App* speed = verb("speed", operation_text("time.speed"),
                         [&a] { return ask(a, {{"op", "time.speed"}, {"speed", a.speed}}); });
  add_parameter(*speed, "time.speed", "speed", "speed", a.speed, "FACTOR");
  set_examples(*speed, {"gridloom time speed 60"});
  CLI::App* stepped = verb("step", operation_text("time.step"), [&a] { return step(a); });
  add_value(*stepped, "by", a.by, placeholder::kSpan, "The span: 30s, 15m, 2h, 7d, 1w").required();
  set_examples(*stepped, {"gridloom time step 15m", "gridloom time step 7d"});
  return kept;
}

}  // namespace gridloom::app
