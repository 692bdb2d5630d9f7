// The values that a meter shows. Pure.
#pragma once

#include <array>
#include <optional>

namespace gridloom::bridges::meter {

struct Reading {
  double power_w = 0;    // + import
  double average_w = 0;  // over about a minute
  double in_wh = 0;      // imported and exported since the meter was made; they never fall
  double out_wh = 0;
  std::optional<std::array<double, 3>> phases_w{};  // nothing: only their sum is known
};

}  // namespace gridloom::bridges::meter
