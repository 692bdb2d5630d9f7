// Hours of devices as PostgreSQL has them: the parameters of `unnest($1, $2)`, a bigint[] and an
// int[], and the conversion of an hour into an int.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <ranges>
#include <span>
#include <vector>

#include "history/store/store.h"

namespace gridloom::history {

// The nearest hour that an int can have: 245,000 years around 1970.
[[nodiscard]] inline std::int32_t sql_hour(std::int64_t hour) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(
      hour, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
}

class HourList {
 public:
  HourList() = default;
  explicit HourList(const std::ranges::input_range auto& all) {
    for (const DeviceHour& of : all) add(of);
  }

  void add(const DeviceHour& of) {
    devices_.push_back(of.device);
    hours_.push_back(sql_hour(of.hour));
  }
  [[nodiscard]] bool empty() const { return devices_.empty(); }
  [[nodiscard]] std::span<const std::int64_t> devices() const { return devices_; }
  [[nodiscard]] std::span<const std::int32_t> hours() const { return hours_; }

 private:
  std::vector<std::int64_t> devices_;
  std::vector<std::int32_t> hours_;
};

}  // namespace gridloom::history
