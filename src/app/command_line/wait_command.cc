// `gridloom wait`: ends when a value of a device is as it is wanted: one line for a script.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/home/condition.h"
#include "app/home/field_lookup.h"
#include "base/printable.h"
#include "catalog/readable_values.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

using Steady = std::chrono::steady_clock;
using catalog::flat_values;
using catalog::FlatValue;
using wire::Json;
using wire::JsonObject;

constexpr Millis kUsualPause{1000};

struct WaitArguments {
  HomeOptions home;
  std::string device;
  std::vector<std::string> words;
  std::string timeout;
};

// The result of a look at the device.
struct Seen {
  bool is_met = false;
  std::string field{};
  Json value{};        // null: not reported yet
  std::string text{};  // "61 %"
};

std::string condition_text(const WaitArguments& arguments) {
  return fmt::format("{}", fmt::join(arguments.words, " "));
}

// The presence that is waited for; nothing: a value is.
std::optional<bool> presence_in(const WaitArguments& arguments) {
  const std::string text = condition_text(arguments);
  if (text == "online") return true;
  if (text == "offline") return false;
  return std::nullopt;
}

Result<Seen> look_at_presence(OpenDevice& open, bool wanted) {
  GL_TRY(const auto devices, open.home.home->devices());
  const auto device = std::ranges::find(devices, open.device.sn, &ShownDevice::sn);
  if (device == devices.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("{} was removed", device_text(open.device)));
  }
  return Seen{.is_met = device->online == wanted,
              .field = "online",
              .value = device->online,
              .text = device->online ? "yes" : "no"};
}

Result<Seen> look_at_value(OpenDevice& open, const Condition& condition) {
  GL_TRY(const auto read, open.home.home->values(open.device.sn));
  const std::vector<FlatValue> values = flat_values(*open.family, read.quotas);
  std::vector<std::string> names;
  names.reserve(values.size());
  for (const FlatValue& each : values) names.push_back(each.name);
  const auto found = find_quotas(*open.family, names, condition.field);
  if (!found) {
    // A field that the device has not reported yet may still come.
    const auto declared = find_field(*open.family, condition.field);
    if (declared) return Seen{.field = (*declared)->name};
    return fail(ErrorCode::kBadParams, found.error().detail);
  }
  if (found->size() > 1) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} stands for several fields: {}", printable(condition.field),
                            fmt::join(*found, ", ")));
  }
  const Json& value = *catalog::find_value(values, found->front());
  const catalog::Field* field = open.family->field(found->front());
  GL_TRY(const auto met, is_met(condition, field, value));
  return Seen{.is_met = met,
              .field = found->front(),
              .value = value,
              .text = catalog::value_text(field, value)};
}

Result<Seen> look(OpenDevice& open, const WaitArguments& arguments,
                  const std::optional<Condition>& condition) {
  if (condition) return look_at_value(open, *condition);
  return look_at_presence(open, presence_in(arguments).value_or(true));
}

int print_seen(const WaitArguments& arguments, const ShownDevice& device, const Seen& seen) {
  if (arguments.home.json) {
    print_json(JsonObject{{"sn", device.sn},
                          {"field", seen.field},
                          {"value", seen.value},
                          {"text", seen.text},
                          {"met", seen.is_met}});
  } else if (seen.is_met) {
    fmt::print("{}: {} {}\n", device_text(device), printable(seen.field), printable(seen.text));
  } else {
    fmt::print(stderr, "gridloom: after {}, {} of {} is {}\n", arguments.timeout,
               printable(seen.field), device_text(device),
               seen.text.empty() ? "not reported yet" : printable(seen.text));
  }
  return seen.is_met ? 0 : kFailed;
}

// Waits until something may have changed, for `patience` at most.
void await_news(HomeConnection& home, std::unique_ptr<News>& news, Millis patience) {
  if (news != nullptr) {
    if (news->wait(std::min(patience, kUsualPause))) return;
    news.reset();
  }
  ::poll(nullptr, 0,
         static_cast<int>(std::min(patience, std::max(home.pace(), kUsualPause)).count()));
}

int wait_for(const WaitArguments& arguments) {
  std::optional<Steady::time_point> until;
  if (!arguments.timeout.empty()) {
    const auto span =
        time::parse_span(arguments.timeout, {.name = "--timeout", .least = Millis(0)});
    if (!span) return report_error(span.error(), kWrongUsage);
    until = Steady::now() + *span;
  }
  std::optional<Condition> condition;
  if (!presence_in(arguments)) {
    auto parsed = parse_condition(condition_text(arguments));
    if (!parsed) return report_error(parsed.error(), kWrongUsage);
    condition = std::move(*parsed);
  }
  auto open = open_device(arguments.home, arguments.device);
  if (!open) return report_error(open.error());
  auto followed = open->home.home->follow(open->device.sn);
  std::unique_ptr<News> news = followed ? std::move(*followed) : nullptr;
  for (;;) {
    const auto seen = look(*open, arguments, condition);
    if (!seen) return report_error(seen.error());
    const auto left = until ? std::chrono::ceil<Millis>(*until - Steady::now()) : kUsualPause;
    if (seen->is_met || left <= Millis(0)) return print_seen(arguments, open->device, *seen);
    await_news(*open->home.home, news, left);
  }
}

}  // namespace

std::shared_ptr<void> add_wait(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<WaitArguments>();
  WaitArguments& a = *kept;
  CLI::App* wait = add_command(app, "wait", "Waits until a value of a device is as it is wanted");
  set_group(*wait, group::kUse);
  set_examples(*wait, {"gridloom wait kitchen 'battery.soc > 80'",
                       "gridloom wait kitchen 'pd.wattsOutSum < 50 W' --timeout 10m",
                       "gridloom wait kitchen online --timeout 1m"});
  add_device_argument(*wait, a.device).required();
  add_value(*wait, "condition", a.words, placeholder::kCondition,
            "FIELD, one of = != < <= > >=, and VALUE, in quotes: 'soc > 80'; or online, offline")
      .required();
  add_value(*wait, "--timeout", a.timeout, placeholder::kSpan,
            "Give up after this long, with exit code 1; by default never");
  add_home_options(*wait, a.home);
  set_action(*wait, chosen, [&a] { return wait_for(a); });
  return kept;
}

}  // namespace gridloom::app
