// Names of the metrics of a family's numeric fields, by the rules of Prometheus and OpenMetrics:
// gridloom_FAMILY_FIELD_UNIT, in lower case with underscores, in base units (a percentage is a
// ratio, Wh are joules, minutes are seconds). The segment of a module is not in the name.
//
// No name has what promtool's lint forbids: words of types, abbreviated or derived units, and the
// ends that belong to counters and histograms. Constant data once made; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/family.h"

namespace gridloom::api {

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

}  // namespace gridloom::api
