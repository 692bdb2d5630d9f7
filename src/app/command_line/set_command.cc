// `gridloom set`: sets something of a device, and shows what it answered and what it reports then.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/home/set_plan.h"
#include "base/printable.h"
#include "catalog/effects.h"
#include "catalog/readable_values.h"
#include "history/energy/energy_sources.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

using catalog::Family;
using catalog::Field;
using catalog::find_value;
using catalog::flat_values;
using catalog::FlatValue;
using catalog::title_of;
using catalog::value_text;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

struct SetArguments {
  HomeOptions home;
  std::string device;
  std::vector<std::string> words;
  std::string wait = "6s";
  bool yes = false;
  bool dry_run = false;
};

constexpr std::size_t kMostValue = 44;  // characters in the table

// A value that the set changes.
struct Change {
  std::string quota;
  std::string path;  // inside of it, as of catalog::value_inside()
  const Field* field = nullptr;
  std::string title;
  Json before;
  std::optional<Json> wanted;  // nothing: the family's file does not say
  double within = 0;
  Json now;

  [[nodiscard]] bool is_done() const { return !wanted || catalog::shows(now, *wanted, within); }
  [[nodiscard]] bool is_confirmed() const { return wanted ? is_done() : now != before; }
};

std::vector<Change> changes_of(const Family& family, const SetPlan& plan,
                               const std::vector<FlatValue>& values) {
  std::vector<Change> changes;
  const auto checked = catalog::check_set(family, plan.message);
  if (!checked || checked->command == nullptr) return changes;
  for (const catalog::FieldEffect& effect :
       catalog::effects_of(*checked->command, checked->params)) {
    for (const FlatValue& each : values) {
      if (!history::matches(effect.field, each.name)) continue;
      const Json value = catalog::value_inside(each.value, effect.path).value_or(Json());
      const Field* whole = family.field(each.name);
      const Field* field = catalog::field_inside(whole, effect.path);
      const Field* titled = field == nullptr || title_of(*field).empty() ? whole : field;
      changes.push_back({.quota = each.name,
                         .path = effect.path,
                         .field = field,
                         .title = titled == nullptr ? "" : title_of(*titled),
                         .before = value,
                         .wanted = effect.value,
                         .within = effect.within,
                         .now = value});
    }
  }
  return changes;
}

bool all_done(const std::vector<Change>& changes) {
  return std::ranges::all_of(changes, &Change::is_done);
}

// Reads until the device reports what was set, or the time is over.
Status read_back(HomeConnection& home, const std::string& sn, const Family& family, Millis patience,
                 std::vector<Change>& changes) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    GL_TRY(const auto read, home.values(sn));
    const std::vector<FlatValue> values = flat_values(family, read.quotas);
    for (Change& change : changes) {
      const Json* value = find_value(values, change.quota);
      if (value == nullptr) continue;
      change.now = catalog::value_inside(*value, change.path).value_or(Json());
    }
    if (all_done(changes) || std::chrono::steady_clock::now() >= until) return {};
    ::poll(nullptr, 0, static_cast<int>(home.pace().count()));
  }
}

// Asks on the terminal whether a dangerous command is to be sent.
Status confirm(const catalog::Command& command, const ShownDevice& device) {
  if (::isatty(STDIN_FILENO) != 1) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} ({}) may cut off what hangs on {} or change its protection: --yes "
                            "sends it",
                            command.name, command.description, printable(device.name)));
  }
  fmt::print(stderr, "{}: {}. This may cut off what hangs on {}. Send it? [y/N] ", command.name,
             command.description, printable(device.name));
  const int answer = std::getchar();
  if (answer == 'y' || answer == 'Y') return {};
  return fail(ErrorCode::kConflict, "nothing was sent");
}

JsonObject json_of(const ShownDevice& device, const SetPlan& plan, const Json& answer,
                   const std::vector<Change>& changes) {
  JsonArray rows;
  for (const Change& change : changes) {
    rows.push_back(JsonObject{{"field", change.quota + change.path},
                              {"before", change.before},
                              {"now", change.now},
                              {"confirmed", change.is_confirmed()}});
  }
  return {{"sn", device.sn},
          {"command", plan.command->name},
          {"params", plan.given},
          {"answer", answer},
          {"fields", std::move(rows)}};
}

// The part of the answer that is about the set, and not about the message.
Json result_in(const Family& family, const Json& answer) {
  const Json* result = wire::member(answer, family.messages.result);
  return result == nullptr ? answer : *result;
}

void print_text(const Family& family, const SetPlan& plan, const Json& answer,
                const std::vector<Change>& changes) {
  fmt::print("{}: the device answered {}\n", printable(command_text(plan)),
             printable(wire::to_text(result_in(family, answer))));
  // How to undo it, where it cuts something off.
  if (plan.command->dangerous) fmt::print("{}\n", plan.command->description);
  if (changes.empty()) return fmt::print("No field shows what this command sets.\n");
  Table table({{.title = "FIELD"},
               {.title = "BEFORE"},
               {.title = "NOW"},
               {.title = "MEANING", .wraps = true}});
  for (const Change& change : changes) {
    table.add_styled({{.text = printable(change.quota + change.path)},
                      {.text = shortened_to(value_text(change.field, change.before), kMostValue)},
                      {.text = shortened_to(value_text(change.field, change.now), kMostValue),
                       .style = change.is_done() ? Style::kGood : Style::kWarning},
                      {.text = change.title}});
  }
  table.print();
  if (!all_done(changes)) {
    fmt::print(stderr,
               "gridloom: the device has not reported the new values yet; `gridloom get` "
               "shows them later\n");
  }
}

// A number that tells the set from others in a log.
std::int64_t message_id() {
  constexpr std::int64_t kMost = 999'999'999;
  std::random_device device;
  return std::uniform_int_distribution<std::int64_t>(1, kMost)(device);
}

int send(const SetArguments& arguments, OpenDevice& open, const SetPlan& plan, Millis wait) {
  auto& [home, device, family] = open;
  const auto before = home.home->values(device.sn);
  if (!before) return report_error(before.error());
  const JsonObject message = addressed(
      *family, plan, {.sn = device.sn, .quotas = before->quotas, .message_id = message_id()});
  if (arguments.dry_run) {
    print_json(message);
    return 0;
  }
  std::vector<Change> changes = changes_of(*family, plan, flat_values(*family, before->quotas));
  const auto answer = home.home->set(device.sn, message);
  if (!answer) return report_error(answer.error());
  if (!changes.empty()) {
    if (Status read = read_back(*home.home, device.sn, *family, wait, changes); !read) {
      fmt::print(stderr, "gridloom: the set was answered, but not read back: {}\n",
                 read.error().detail);
    }
  }
  if (arguments.home.json) {
    print_json(json_of(device, plan, *answer, changes));
  } else {
    print_text(*family, plan, *answer, changes);
  }
  return 0;
}

int set_values(const SetArguments& arguments) {
  const auto wait = time::parse_span(arguments.wait, {.name = "--wait", .least = Millis(0)});
  if (!wait) return report_error(wait.error(), kWrongUsage);
  auto open = open_device(arguments.home, arguments.device);
  if (!open) return report_error(open.error());
  const auto plan = plan_set(*open->family, arguments.words);
  if (!plan) return report_error(plan.error(), kWrongUsage);
  if (plan->command->dangerous && !arguments.yes && !arguments.dry_run) {
    if (Status agreed = confirm(*plan->command, open->device); !agreed) {
      const bool is_usage = agreed.error().code == ErrorCode::kBadParams;
      return report_error(agreed.error(), is_usage ? kWrongUsage : kFailed);
    }
  }
  return send(arguments, *open, *plan, *wait);
}

}  // namespace

std::shared_ptr<void> add_set(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<SetArguments>();
  SetArguments& a = *kept;
  CLI::App* set = add_command(
      app, "set", "Sets something of a device, and shows its answer and what it reports then");
  set_group(*set, group::kUse);
  set_examples(*set, {"gridloom set R331ZEB4ZEAL0528 acChgCfg chgWatts=600",
                      "gridloom set R331 mppt.cfgChgWatts 600W --dry-run"});
  add_device_argument(*set, a.device).required();
  add_value(
      *set, "what", a.words, placeholder::kWhat,
      "COMMAND KEY=VALUE..., or FIELD VALUE: 600, 600W, 0.6kW, on; `gridloom family show` and "
      "`gridloom explain` name commands and fields")
      .required();
  add_value(*set, "--wait", a.wait, placeholder::kSpan,
            "How long to wait for the device to report the new values")
      .show_default();
  add_flag(*set, "--yes", a.yes, "Do not ask before a command that may cut something off");
  add_flag(*set, "--dry-run", a.dry_run, "Print the message and do not send it");
  add_home_options(*set, a.home);
  set_action(*set, chosen, [&a] { return set_values(a); });
  return kept;
}

}  // namespace gridloom::app
