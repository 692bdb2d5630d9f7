// The text of GET /metrics/home: the values, the energy counters and the state of an account's
// devices as metrics, in the text format of Prometheus or of OpenMetrics. Pure.
//
// Values that are not known, or too old, are left out. Energies are joules, the base unit of both
// formats, so that rate() of a counter is a power in watts. Thread rule: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/family.h"
#include "home/counter_book.h"
#include "home/energy_counters.h"
#include "home/home_state.h"
#include "overview/home_picture.h"

namespace gridloom::api {

// Names of the metrics of a family's numeric fields, by the rules of Prometheus and OpenMetrics:
// gridloom_FAMILY_FIELD_UNIT, in lower case with underscores, in base units (a percentage is a
// ratio, Wh are joules, minutes are seconds). The segment of a module is not in the name.
//
// No name has what promtool's lint forbids: words of types, abbreviated or derived units, and the
// ends that belong to counters and histograms. Constant data once made; any thread.
struct MetricUnit {
  std::string_view name{};  // the end of the metric's name; empty: it has none
  double factor = 1;        // the value in this unit is the field's times it
};
// By the unit of a field. A unit that is not known is none.
[[nodiscard]] MetricUnit metric_unit(std::string_view unit);

struct FieldMetric {
  const catalog::Field* field = nullptr;
  std::string name;
  MetricUnit unit;
};

class FamilyMetrics {
 public:
  // The family outlives the object.
  explicit FamilyMetrics(const catalog::Family& family);

  // In the file's order; the names are unique.
  [[nodiscard]] const std::vector<FieldMetric>& all() const { return all_; }
  // Null: the field has no numbers.
  [[nodiscard]] const FieldMetric* of(const catalog::Field& field) const;

 private:
  std::vector<FieldMetric> all_;
  std::unordered_map<const catalog::Field*, std::size_t> by_field_;
};

class HomeMetrics {
 public:
  enum class Format : std::uint8_t { kPrometheus, kOpenMetrics };
  // By format.
  static constexpr std::array<std::string_view, 2> kContentTypes = {
      "text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0; charset=utf-8"};
  [[nodiscard]] static std::string_view content_type(Format format) {
    return kContentTypes.at(static_cast<std::size_t>(format));
  }

  // Whether, by Accept, the client wants OpenMetrics.
  [[nodiscard]] static Format format_for(std::string_view accept);

  // At most so many series are fields of devices.
  explicit HomeMetrics(std::size_t max_fields) : max_fields_(max_fields) {}

  void add_home(const overview::HomePicture& picture);
  void add_device(const home::HomeDevice& device, TimePoint now);
  void add_counters(const home::EnergyTotals& totals, const home::EnergyTotals::Device& device,
                    std::string_view name);
  void add_home_counters(const home::EnergyTotals& totals);

  // A field of a device that has a number.
  struct Value {
    const FieldMetric* metric = nullptr;
    std::string module{};  // the serial number in the field's name; empty: it is of no module
    double number = 0;     // in the field's unit
  };
  // All or none of the device's fields. False: there is no room for them; they are counted.
  bool add_fields(const home::HomeDevice& device, const std::vector<Value>& values);
  // Counts a device whose fields are not to be read.
  void leave_out() { ++left_out_; }
  [[nodiscard]] bool is_full() const { return fields_ >= max_fields_; }

  [[nodiscard]] std::string text(Format format);

 private:
  enum class Type : std::uint8_t { kGauge, kCounter };
  struct Metric {
    Type type = Type::kGauge;
    std::string_view unit{};
    std::string help;
    std::vector<std::string> samples;  // labels and value
  };
  void add(std::string_view name, const Metric& as, std::string sample);

  std::size_t max_fields_;
  std::size_t fields_ = 0;
  std::size_t left_out_ = 0;
  std::map<std::string, Metric, std::less<>> metrics_;  // by name, without _total
};

// The value of one quota; nothing: it has no metric, or no number.
[[nodiscard]] std::optional<HomeMetrics::Value> metric_value(const catalog::Family& family,
                                                             const FamilyMetrics& metrics,
                                                             std::string_view quota,
                                                             std::string_view json);

}  // namespace gridloom::api
