// The answer to a SeriesRequest as text, produced incrementally: JSON, field after field, or CSV,
// row after row. Memory does not grow with the requested span.
//
// JSON: {"sn":..,"from":..,"to":..,"step":..,"aggregate":..,
//        "series":[{"field":..,"unit":..,"scale":..,"points":[[time,value],..]},..]}
// CSV: "time,pd.soc [%],..,local_time", with numbers in the unit of the heading. The time is UTC;
// the last column has the same by the clocks of the request's zone, with their offset.
//
// In JSON, times and the step are in milliseconds; a gap is null. Without a step there is no "step"
// and no "aggregate", and a scale of 1 is left out; so are "decimals" that UnitOf does not tell.
//
// Thread rule: one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/family.h"
#include "history/reader.h"
#include "history/series/series_reader.h"
#include "history/series/series_request.h"

namespace gridloom::api {

// The unit of a field's values: value * scale is in `unit`.
struct FieldUnit {
  std::string unit{};  // empty: the field has no unit, or it is not known
  double scale = 1;
  std::optional<int> decimals{};  // of value * scale that the field resolves; empty: not known
};
using UnitOf = std::function<FieldUnit(std::string_view field)>;
// The units that the device file of a family gives.
[[nodiscard]] UnitOf units_of(catalog::FamilyPtr family);

class SeriesText;

class SeriesAnswer {
 public:
  struct Options {
    std::string sn;
    DeviceNumber device = 0;
    history::SeriesRequest request{};
    history::SeriesLimits limits{};
    UnitOf unit_of{};  // empty: none is known
  };
  explicit SeriesAnswer(Options options);
  SeriesAnswer(SeriesAnswer&&) noexcept;
  SeriesAnswer& operator=(SeriesAnswer&&) = delete;
  SeriesAnswer(const SeriesAnswer&) = delete;
  SeriesAnswer& operator=(const SeriesAnswer&) = delete;
  ~SeriesAnswer();

  // Works for about a millisecond, which may end within an hour or a field, and appends the result
  // to `out`. kBadParams: the answer would be too large; only before anything was appended.
  [[nodiscard]] Status work(history::Reader& reader, std::string& out);
  [[nodiscard]] bool done() const { return series_.done(); }

 private:
  std::unique_ptr<SeriesText> text_;
  history::SeriesReader series_;
};

}  // namespace gridloom::api
