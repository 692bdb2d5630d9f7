#include "own_api/home/metric_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <utility>

namespace gridloom::api {
namespace {

struct KnownUnit {
  std::string_view unit;
  MetricUnit metric;
};
constexpr double kPerHour = 3600;
constexpr auto kUnits = std::to_array<KnownUnit>({
    {"%", {"ratio", 0.01}},
    {"A", {"amperes"}},
    {"Ah", {"coulombs", kPerHour}},
    {"Hz", {"hertz"}},
    {"V", {"volts"}},
    {"VA", {"voltamperes"}},
    {"W", {"watts"}},
    {"Wh", {"joules", kPerHour}},
    {"cm", {"meters", 0.01}},
    {"dBm", {"dbm"}},
    {"h", {"seconds", kPerHour}},
    {"kW", {"watts", 1000}},
    {"kWh", {"joules", 1000 * kPerHour}},
    {"kg", {"grams", 1000}},
    {"m", {"meters"}},
    {"mA", {"amperes", 0.001}},
    {"mAh", {"coulombs", 0.001 * kPerHour}},
    {"mV", {"volts", 0.001}},
    {"min", {"seconds", 60}},
    {"ms", {"seconds", 0.001}},
    {"rpm", {"hertz", 1.0 / 60}},
    {"s", {"seconds"}},
    {"var", {"var"}},
    {"°C", {"celsius"}},
});

// Words that promtool's lint takes for a type or a derived unit, and others that say the same.
constexpr auto kOtherWords = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"bits", "bit"},
    {"bytes", "byte"},
    {"counter", "counting"},
    {"days", "day"},
    {"gauge", "gauging"},
    {"histogram", "histograms"},
    {"hours", "hour"},
    {"minutes", "minute"},
    {"seconds", "second"},
    {"summary", "summaries"},
    {"volts", "volt"},
    {"weeks", "week"},
});
// Abbreviated units: as words of their own they belong to the word before.
constexpr auto kAbbreviations = std::to_array<std::string_view>(
    {"b", "d", "gb", "h", "kb", "m", "mb", "ms", "ns", "pb", "s", "sec", "tb", "us"});
// Ends that a gauge must not have.
constexpr auto kReservedEnds =
    std::to_array<std::string_view>({"bucket", "count", "created", "info", "sum", "total"});

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "pd.wattsOutSum" is pd, watts, out, sum; "bmsSOC2" is bms, soc2.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
      if (!words.back().empty()) words.emplace_back();
      continue;
    }
    const bool begins = is_upper(c) && i > 0 &&
                        (is_lower(name[i - 1]) || is_digit(name[i - 1]) ||
                         (is_upper(name[i - 1]) && i + 1 < name.size() && is_lower(name[i + 1])));
    if (begins && !words.back().empty()) words.emplace_back();
    words.back() += is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& each : words) {
    const auto* const other =
        std::ranges::find(kOtherWords, each, &std::pair<std::string_view, std::string_view>::first);
    const bool is_abbreviation = std::ranges::find(kAbbreviations, each) != kAbbreviations.end();
    if (!text.empty() && !is_abbreviation) text += '_';
    text += other == kOtherWords.end() ? std::string_view(each) : other->second;
  }
  return text;
}

std::string name_of(const catalog::Family& family, const catalog::Field& field,
                    const MetricUnit& unit) {
  std::vector<std::string> words = words_of(field.name);
  const bool ends_in_unit = !words.empty() && words.back() == unit.name;
  if (ends_in_unit) words.pop_back();
  std::string name = fmt::format("gridloom_{}", joined(words_of(family.id)));
  const std::string rest = joined(words);
  if (!rest.empty()) name += fmt::format("_{}", rest);
  if (!unit.name.empty()) return fmt::format("{}_{}", name, unit.name);
  const bool is_reserved = std::ranges::any_of(
      kReservedEnds, [&](std::string_view end) { return name.ends_with(fmt::format("_{}", end)); });
  return is_reserved ? name + "_value" : name;
}

}  // namespace

MetricUnit metric_unit(std::string_view unit) {
  const auto* const found = std::ranges::find(kUnits, unit, &KnownUnit::unit);
  return found == kUnits.end() ? MetricUnit() : found->metric;
}

FamilyMetrics::FamilyMetrics(const catalog::Family& family) {
  std::set<std::string> names;
  for (const catalog::Field& field : family.fields) {
    if (!catalog::is_numeric(field.type)) continue;
    FieldMetric metric{.field = &field, .name = {}, .unit = metric_unit(field.unit)};
    metric.name = name_of(family, field, metric.unit);
    // Fields whose names differ in nothing but case and points.
    for (int next = 2; !names.insert(metric.name).second; ++next) {
      MetricUnit none;
      const std::string bare = name_of(family, field, none);
      const std::string_view end = metric.unit.name;
      metric.name =
          end.empty() ? fmt::format("{}_{}", bare, next) : fmt::format("{}_{}_{}", bare, next, end);
    }
    by_field_.emplace(&field, all_.size());
    all_.push_back(std::move(metric));
  }
}

const FieldMetric* FamilyMetrics::of(const catalog::Field& field) const {
  const auto found = by_field_.find(&field);
  return found == by_field_.end() ? nullptr : &all_[found->second];
}

}  // namespace gridloom::api
