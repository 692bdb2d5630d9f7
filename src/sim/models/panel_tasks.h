// The Smart Home Panel's scheduled tasks: what they request at a moment, and how a set changes
// their list (the field timeTask).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/fields.h"
#include "sim/models/panel_clock.h"
#include "wire/json.h"

namespace gridloom::sim::panel {

inline constexpr std::size_t kLoads = 10;
inline constexpr std::size_t kPacks = 2;

// The values are those on the wire.
enum class TaskType : std::int64_t { kCharge = 1, kDischarge = 2 };

struct ChargeRequest {
  bool active = false;
  double low_soc = 0;
  double high_soc = 0;
  double power_w = 0;
};

struct TaskRequests {
  std::array<bool, kLoads> discharge{};
  std::array<ChargeRequest, kPacks> charge{};
};

[[nodiscard]] TaskRequests task_requests_at(const wire::Json& tasks, const Stamp& now);

// Applies a scheduling set to `list`, the field. A task that is sent as not configured is removed.
void set_task(Fields& fields, Slot list, const wire::JsonObject& params, TaskType type);

}  // namespace gridloom::sim::panel
