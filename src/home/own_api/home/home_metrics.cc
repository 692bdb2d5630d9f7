#include "own_api/home/home_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/label_value.h"
#include "catalog/readable_values.h"
#include "history/energy/energy_flow.h"
#include "http/list_header.h"
#include "overview/freshness.h"
#include "wire/json.h"

namespace gridloom::api {
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
    const auto place = static_cast<overview::Place>(i);
    const overview::Node& node = picture.at(place);
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
