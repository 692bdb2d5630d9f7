// `gridloom energy`: the energies of the home or of a device, by hour, day or month.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/process/language.h"
#include "base/printable.h"
#include "with_home/energy_columns.h"
#include "with_home/home_energy.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::size_t kDate = 10;   // characters of "2026-11-26"
constexpr std::size_t kMonth = 7;   // of "2026-11"
constexpr std::size_t kHour = 16;   // of "2026-11-26T14:00"
constexpr std::size_t kEnergy = 5;  // of "12.34"

struct EnergyArguments {
  HomeOptions home;
  std::string device;
  EnergySpan span{.period = "day"};
  bool csv = false;
};

std::string text_in(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value == nullptr ? std::string() : wire::plain_text(*value);
}

// " Thu" of "2026-11-26"; empty: no date.
std::string weekday_of(std::string_view date) {
  constexpr auto kNames = std::to_array<Phrase>({"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"});
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  const auto read = [&](std::size_t at, std::size_t size, auto& to) {
    const std::string_view digits = date.substr(std::min(at, date.size()), size);
    return std::from_chars(digits.data(), digits.data() + digits.size(), to).ec == std::errc();
  };
  if (!read(0, 4, year) || !read(5, 2, month) || !read(8, 2, day)) return {};
  const std::chrono::year_month_day at{std::chrono::year(year), std::chrono::month(month),
                                       std::chrono::day(day)};
  if (!at.ok()) return {};
  const std::chrono::weekday weekday{std::chrono::sys_days(at)};
  return fmt::format(" {}", translated(kNames.at(weekday.c_encoding())));
}

// The begin of a bucket, as precisely as its period needs it.
std::string label_of(std::string_view period, const std::string& from, bool is_one_day) {
  if (period == "year") return from.substr(0, kMonth);
  const std::string date = from.substr(0, kDate);
  if (period != "day") return date + weekday_of(date);
  std::string hour = from.substr(0, kHour);
  if (hour.size() > kDate) hour[kDate] = ' ';
  return is_one_day && hour.size() > kDate ? hour.substr(kDate + 1) : hour;
}

std::string shares_text(const JsonObject& total) {
  std::string text;
  constexpr double kPercent = 100;
  const auto add = [&](Phrase name, std::string_view member, double times) {
    const Json* share = total.if_contains(member);
    if (share == nullptr || !share->is_number()) return;
    text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", translated(name),
                        share->to_number<double>() * times);
  };
  add("self-sufficiency", "selfSufficiency", kPercent);
  add("self-sufficiency", "selfSufficiency_percent", 1);
  add("self-consumption", "selfConsumption", kPercent);
  add("self-consumption", "selfConsumption_percent", 1);
  return text.empty() ? text : text + '\n';
}

// "2026-11-26 14:00" of a time of the answer.
std::string moment_of(const JsonObject& answer, std::string_view name) {
  std::string at = text_in(answer, name).substr(0, kHour);
  if (at.size() > kDate) at[kDate] = ' ';
  return at;
}

void print_outdated(const JsonObject& answer) {
  const Json* const outdated = answer.if_contains("outdated");
  if (outdated == nullptr || !outdated->is_array()) return;
  for (const Json& each : outdated->get_array()) {
    if (!each.is_object()) continue;
    const JsonObject& row = each.get_object();
    print_note(fmt::format(
        fmt::runtime(translated(
            "{}: {} h were counted before a correction, and their values are not kept.")),
        printable(text_in(row, "sn")), wire::whole_in(row, "outdated_s").value_or(0) / 3600));
  }
}

void print_table(const ShownEnergies& shown) {
  const std::vector<JsonObject> buckets = buckets_of(shown.answer);
  const std::string period = text_in(shown.answer, "period");
  const std::vector<EnergyColumn> columns = known_columns(std::span(&shown, 1));
  if (buckets.empty() || columns.empty()) {
    print_note(fmt::format(fmt::runtime(translated("No energy is known from {} to {}.")),
                           moment_of(shown.answer, "from"), moment_of(shown.answer, "to")));
    return;
  }
  const auto from_of = [](const JsonObject& bucket) {
    return std::string(wire::text_in(bucket, "from"));
  };
  const bool is_one_day =
      from_of(buckets.front()).substr(0, kDate) == from_of(buckets.back()).substr(0, kDate);
  const Phrase step = period == "day"    ? Phrase("HOUR, kWh")
                      : period == "year" ? Phrase("MONTH, kWh")
                                         : Phrase("DAY, kWh");
  std::vector<Table::Column> titles{{.title = std::string(translated(step))}};
  for (const EnergyColumn& each : columns) {
    titles.push_back({.title = std::string(translated(each.title)),
                      .align = Table::Align::kRight,
                      .at_least = kEnergy});
  }
  Table table(std::move(titles));
  const auto add = [&](std::string label, const JsonObject& sums, Style style) {
    std::vector<Table::Cell> row{{.text = std::move(label), .style = style}};
    for (const EnergyColumn& each : columns) {
      row.push_back({.text = energy_cell(energy_of(sums, each)), .style = style});
    }
    table.add_styled(std::move(row));
  };
  // Nothing is known before the first device reported.
  const auto first = std::ranges::find_if(buckets, [&](const JsonObject& each) {
    return std::ranges::any_of(
        columns, [&](const EnergyColumn& column) { return energy_of(each, column).has_value(); });
  });
  for (const JsonObject& each : std::ranges::subrange(first, buckets.end())) {
    add(label_of(period, from_of(each), is_one_day), each, Style::kPlain);
  }
  const JsonObject total = total_of(shown.answer);
  add(std::string(translated("total")), total, Style::kStrong);
  if (!shown.owner.empty()) fmt::print("{}\n", printable(shown.owner));
  table.print();
  fmt::print("{}", shares_text(total));
  print_outdated(shown.answer);
}

Result<std::vector<ShownEnergies>> energies_of_device(const EnergyArguments& arguments,
                                                      OpenHome& home) {
  GL_TRY(const auto device, device_of(home, arguments.device));
  GL_TRY(auto answer, home.home->energy(device.sn, arguments.span));
  if (!answer.is_object()) return fail(ErrorCode::kMalformed, "the answer is no object");
  return std::vector<ShownEnergies>{
      {.answer = answer.get_object(), .columns = kDeviceEnergyColumns}};
}

// The home of each owner, from the energies of their devices.
Result<std::vector<ShownEnergies>> added_up(const EnergyArguments& arguments, OpenHome& home) {
  GL_TRY(const auto devices, home.home->devices());
  std::map<std::string, std::vector<DeviceEnergy>> homes;
  for (const ShownDevice& device : devices) {
    GL_TRY(auto answer, home.home->energy(device.sn, arguments.span));
    const catalog::FamilyPtr& family = home.catalog->of_serial(device.sn);
    homes[device.owner].push_back({.family = family,
                                   .answer = std::move(answer),
                                   .sn = device.sn,
                                   .meter_sn = meter_of(*home.home, device.sn, *family)});
  }
  std::vector<ShownEnergies> all;
  all.reserve(homes.size());
  for (const auto& [owner, parts] : homes) {
    all.push_back({.owner = homes.size() == 1 ? std::string() : owner,
                   .answer = home_energy_of(parts),
                   .columns = kHomeEnergyColumns});
  }
  return all;
}

Result<std::vector<ShownEnergies>> energies_of_home(const EnergyArguments& arguments,
                                                    OpenHome& home) {
  auto answer = home.home->home_energy(arguments.span);
  if (answer && answer->is_object()) {
    return std::vector<ShownEnergies>{
        {.answer = answer->get_object(), .columns = kHomeEnergyColumns}};
  }
  if (answer) return fail(ErrorCode::kMalformed, "the answer is no object");
  if (answer.error().code != ErrorCode::kNotFound) return std::unexpected(answer.error());
  return added_up(arguments, home);
}

int print_energies(const EnergyArguments& arguments) {
  auto home = open_home(arguments.home);
  if (!home) return report_error(home.error());
  const auto all = arguments.device.empty() ? energies_of_home(arguments, *home)
                                            : energies_of_device(arguments, *home);
  if (!all) return report_error(all.error());
  if (all->empty() && !arguments.home.json) print_note(translated("There are no devices yet."));
  if (arguments.csv && !arguments.home.json) {
    if (!all->empty()) fmt::print("{}", energies_csv(*all));
    return 0;
  }
  bool is_first = true;
  for (const ShownEnergies& each : *all) {
    if (arguments.home.json) {
      JsonObject row = each.answer;
      if (!each.owner.empty()) row["owner"] = each.owner;
      print_json(row);
    } else {
      if (!std::exchange(is_first, false)) fmt::print("\n");
      print_table(each);
    }
  }
  return 0;
}

}  // namespace

std::shared_ptr<void> add_energy(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<EnergyArguments>();
  EnergyArguments& a = *kept;
  CLI::App* energy = add_command(
      app, "energy", "Shows the energies of the home, or of a device: by hour, day or month");
  set_group(*energy, group::kUse);
  set_examples(*energy, {"gridloom energy", "gridloom energy --period month",
                         "gridloom energy kitchen --period week --from -1w --csv"});
  add_device_argument(*energy, a.device);
  add_value(
      *energy, "--period", a.span.period, "PERIOD",
      "day (hours), week or month (days), or year (months): the current one, unless --from or "
      "--to says otherwise")
      .check(one_of({"day", "week", "month", "year"}))
      .show_default();
  add_span_options(*energy, a.span.from, a.span.to);
  add_flag(*energy, "--csv", a.csv, "Print a table for a spreadsheet, in kWh");
  add_home_options(*energy, a.home);
  add_language_option(*energy);
  set_action(*energy, chosen, [&a] { return print_energies(a); });
  return kept;
}

}  // namespace gridloom::app
