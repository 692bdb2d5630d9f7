// Reports made of single values, as the device itself would send them: for values that quota/all
// has and that no report brought. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/family.h"

namespace gridloom::bridges::mirror {

// A value by the name of its quota, as JSON text.
struct QuotaValue {
  std::string name;
  std::string text;
  friend bool operator==(const QuotaValue&, const QuotaValue&) = default;
};

// In the envelopes of the family's reports, as far as these are flat and say what is in them; the
// other values in a report under their full names. Each report can be read by twin::ReportReader.
// `now` is the devices' time.
[[nodiscard]] std::vector<std::string> reports_of(const catalog::Family& family,
                                                  std::span<const QuotaValue> values,
                                                  TimePoint now);

}  // namespace gridloom::bridges::mirror
