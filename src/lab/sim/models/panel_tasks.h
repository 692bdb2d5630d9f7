// The Smart Home Panel's scheduled tasks: what they request at a moment, and how a set changes
// their list (the field timeTask).
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

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

// The tasks of a list that are configured and enabled, read once for many steps.
class Tasks {
 public:
  Tasks() = default;
  explicit Tasks(const wire::Json& list);

  // Then nothing is ever requested.
  [[nodiscard]] bool empty() const { return tasks_.empty(); }
  [[nodiscard]] TaskRequests requests_at(const Stamp& now) const;

 private:
  static constexpr std::size_t kSlots = 144;  // of ten minutes, in a day
  enum class Days : std::uint8_t { kAll, kOfWeek, kOfMonth, kDate };

  // The period in which a task runs. A year of 0 leaves that end open.
  struct Range {
    Stamp start{};
    Stamp end{};
    Days days = Days::kAll;
    std::bitset<32> chosen{};  // by iso_weekday() or day of the month
    std::chrono::year_month_day date{};

    [[nodiscard]] bool holds(const Stamp& now) const;
  };
  struct Task {
    std::bitset<kSlots> slots;
    Range range;
    bool charges = false;
    std::bitset<kLoads> channels;  // packs if it charges, else circuits
    ChargeRequest charge;
  };
  [[nodiscard]] static Range range_of(const wire::Json& range);
  [[nodiscard]] static Task task_of(const wire::Json& cfg);

  std::vector<Task> tasks_;  // in the order of the list: later ones prevail
};

// Applies a scheduling set to `list`, the field. A task that is sent as not configured is removed.
void set_task(Fields& fields, Slot list, const wire::JsonObject& params, TaskType type);

}  // namespace gridloom::sim::panel
