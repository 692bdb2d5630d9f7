// The limits of Gridloom's own interface, as the table of all limits has them (app/limits.h).
#pragma once

#include <cstddef>

#include "own_api/services/services.h"

namespace gridloom::app {

struct HomeLimits {
  api::LiveLimits live{};
  std::size_t metrics_fields = api::kHomeMetricsFields;  // in one answer of /metrics/home
};

}  // namespace gridloom::app
