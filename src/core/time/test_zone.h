// Finds time zones for tests.
#pragma once

#include <stdexcept>
#include <string_view>

#include "time/time_zone.h"

namespace gridloom::time {

inline TimeZone test_zone(std::string_view name) {
  auto zone = TimeZone::find(name);
  if (!zone) throw std::runtime_error(zone.error().detail);
  return *zone;
}

}  // namespace gridloom::time
