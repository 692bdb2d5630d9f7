#include "own_api/home/home_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <utility>

#include "base/printable.h"
#include "catalog/readable_values.h"
#include "history/energy/energy_flow.h"
#include "http/head.h"
#include "overview/freshness.h"
#include "wire/json.h"

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

namespace {

constexpr double kJoulesPerWh = 3600;
constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";
// The words of overview::Quantity as labels have them.
constexpr std::array<std::string_view, overview::kQuantities> kQuantityLabels = {
    "sun", "battery_in", "battery_out", "grid_import", "grid_export", "home", "car", "heat"};

std::string labels_of(std::string_view sn, std::string_view name) {
  return fmt::format(R"(sn="{}",name="{}")", label_value(sn), label_value(name));
}

std::string sample(std::string_view labels, double value) {
  return fmt::format("{{{}}} {}", labels, value);
}

// In the 0.0.4 format quotes in a description stay as they are.
std::string help_text(std::string_view text, HomeMetrics::Format format) {
  std::string escaped = label_value(text);
  if (format == HomeMetrics::Format::kOpenMetrics) return escaped;
  std::string plain;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] == '\\' && i + 1 < escaped.size() && escaped[i + 1] == '"') continue;
    plain += escaped[i];
    if (escaped[i] == '\\' && i + 1 < escaped.size()) plain += escaped[++i];
  }
  return plain;
}

}  // namespace

HomeMetrics::Format HomeMetrics::format_for(std::string_view accept) {
  return http::lists_token(accept, kOpenMetricsType) ? Format::kOpenMetrics : Format::kPrometheus;
}

void HomeMetrics::add(std::string_view name, const Metric& as, std::string sample) {
  auto found = metrics_.find(name);
  if (found == metrics_.end()) found = metrics_.emplace(std::string(name), as).first;
  found->second.samples.push_back(std::move(sample));
}

void HomeMetrics::add_home(const overview::HomePicture& picture) {
  const Metric power{.unit = "watts",
                     .help =
                         "Power of a place of the home; charging of the battery and import "
                         "from the grid are positive",
                     .samples = {}};
  for (std::size_t i = 0; i < overview::kPlaces; ++i) {
    const auto place = static_cast<overview::PowerPlace>(i);
    const overview::PowerNode& node = picture.at(place);
    if (!node.exists || !node.power_w || node.at_least) continue;
    add("gridloom_home_power_watts", power,
        sample(fmt::format(R"(place="{}")", name_of(place)), *node.power_w));
  }
  if (!picture.charge_percent) return;
  add("gridloom_home_battery_charge_ratio",
      {.unit = "ratio", .help = "Mean charge of the home's batteries, 0 to 1", .samples = {}},
      fmt::format(" {}", *picture.charge_percent / 100));
}

void HomeMetrics::add_device(const home::HomeDevice& device, TimePoint now) {
  const std::string labels = labels_of(device.sn, device.name);
  add("gridloom_device_online", {.help = "1 while the device is connected, else 0", .samples = {}},
      sample(fmt::format(R"({},family="{}")", labels, device.family->id), device.online ? 1 : 0));
  if (!device.last_report) return;
  const auto age = std::chrono::duration_cast<Millis>(now - *device.last_report);
  add("gridloom_device_report_age_seconds",
      {.unit = "seconds", .help = "Time since the last report of the device", .samples = {}},
      sample(labels, static_cast<double>(age.count()) / 1000));
}

void HomeMetrics::add_counters(const home::EnergyTotals& totals,
                               const home::EnergyTotals::Device& device, std::string_view name) {
  for (std::size_t i = 0; i < device.wh.size(); ++i) {
    if (!device.wh.at(i)) continue;
    add("gridloom_device_energy_joules",
        {.type = Type::kCounter,
         .unit = "joules",
         .help = "Energy that the device has measured since its history began, by flow",
         .samples = {}},
        sample(fmt::format(R"({},flow="{}",epoch="{}")", labels_of(device.sn, name),
                           history::kEnergyFlowNames.at(i), totals.epoch),
               *device.wh.at(i) * kJoulesPerWh));
  }
}

void HomeMetrics::add_home_counters(const home::EnergyTotals& totals) {
  for (std::size_t i = 0; i < totals.home_wh.size(); ++i) {
    if (!totals.home_wh.at(i)) continue;
    add("gridloom_home_energy_joules",
        {.type = Type::kCounter,
         .unit = "joules",
         .help = "Energy of the home since the history of its devices began",
         .samples = {}},
        sample(fmt::format(R"(quantity="{}",epoch="{}")", kQuantityLabels.at(i), totals.epoch),
               *totals.home_wh.at(i) * kJoulesPerWh));
  }
}

bool HomeMetrics::add_fields(const home::HomeDevice& device, const std::vector<Value>& values) {
  if (fields_ + values.size() > max_fields_) {
    ++left_out_;
    return false;
  }
  fields_ += values.size();
  const std::string labels = labels_of(device.sn, device.name);
  for (const Value& value : values) {
    const FieldMetric& metric = *value.metric;
    const std::string all =
        value.module.empty() ? labels
                             : fmt::format(R"({},module="{}")", labels, label_value(value.module));
    add(metric.name,
        {.unit = metric.unit.name,
         .help = fmt::format("{} ({})", metric.field->description, metric.field->name),
         .samples = {}},
        sample(all, value.number * metric.unit.factor));
  }
  return true;
}

std::string HomeMetrics::text(Format format) {
  const bool is_open = format == Format::kOpenMetrics;
  add("gridloom_home_left_out_devices",
      {.help = "Devices whose fields are left out, because http.metrics-fields is reached",
       .samples = {}},
      fmt::format(" {}", std::exchange(left_out_, 0)));
  std::string out;
  for (const auto& [name, metric] : metrics_) {
    const bool is_counter = metric.type == Type::kCounter;
    const std::string sampled = is_counter ? name + "_total" : name;
    const std::string_view family = is_open ? std::string_view(name) : std::string_view(sampled);
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family, help_text(metric.help, format),
                       family, is_counter ? "counter" : "gauge");
    if (is_open && !metric.unit.empty()) {
      out += fmt::format("# UNIT {} {}\n", family, metric.unit);
    }
    for (const std::string& each : metric.samples) out += fmt::format("{}{}\n", sampled, each);
  }
  if (is_open) out += "# EOF\n";
  return out;
}

std::optional<HomeMetrics::Value> metric_value(const catalog::Family& family,
                                               const FamilyMetrics& metrics, std::string_view quota,
                                               std::string_view json) {
  const catalog::Field* field = family.field(quota);
  const FieldMetric* metric = field == nullptr ? nullptr : metrics.of(*field);
  if (metric == nullptr) return std::nullopt;
  const auto value = wire::parse_json(json);
  const auto number = value ? catalog::number_of(*field, *value) : std::nullopt;
  if (!number) return std::nullopt;
  HomeMetrics::Value found{.metric = metric, .number = *number};
  // The module's serial number is the segment in the place of the '*'.
  const std::size_t star = field->name.find('*');
  if (star != std::string::npos) {
    const std::string_view rest = quota.substr(star);
    found.module = rest.substr(0, rest.find('.'));
  }
  return found;
}

}  // namespace gridloom::api
