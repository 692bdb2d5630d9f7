#include "sim/resume.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "sim/kept.h"
#include "sim/models/parts.h"

namespace gridloom::sim {
namespace {

using wire::Json;

// More than a field can count to: seconds of 30 centuries, or watt-hours of a power station.
constexpr double kMost = 1e11;

bool is_empty(const Json& value) {
  const wire::JsonArray* list = value.if_array();
  const wire::JsonObject* object = value.if_object();
  return (list == nullptr || list->empty()) && (object == nullptr || object->empty());
}

// No list becomes empty that a device has by its file.
bool is_sound(const catalog::Field& field, const Json& value) {
  if (!catalog::fits(field.type, value)) return false;
  if (value.is_structured()) return !is_empty(value) || is_empty(field.initial);
  if (!value.is_number()) return true;
  const double number = value.to_number<double>();
  if (field.range) return number >= field.range->low && number <= field.range->high;
  return std::abs(number) <= kMost || catalog::same_value(value, field.initial);
}

bool is_of_a_fault(const catalog::Family& family, const catalog::Field& field, const Json& value) {
  return std::ranges::any_of(family.faults, [&](const catalog::DeviceFault& fault) {
    return std::ranges::any_of(fault.reports, [&](const auto& report) {
      return report.first == field.name && catalog::same_value(report.second, value);
    });
  });
}

}  // namespace

RestoredFields restore_fields(Fields& fields, const wire::JsonObject& reported) {
  RestoredFields restored;
  const catalog::Family& family = fields.family();
  for (const Fields::Entry& entry : fields.entries()) {
    const std::string name = fields.reported_name(entry.slot);
    const Json* value = reported.if_contains(name);
    if (!fields.is_shown(entry.slot.index)) continue;
    if (value == nullptr || !is_sound(*entry.field, *value)) {
      restored.missing.push_back(name);
    } else if (!is_of_a_fault(family, *entry.field, *value)) {
      fields.set(entry.slot, *value);
      ++restored.count;
    }
  }
  return restored;
}

wire::JsonObject fresh_of(const LastState& last) {
  constexpr Millis kOlder{2 * kMinute_ms};
  wire::JsonObject unreported = last.unreported;
  const auto kept_at = wire::whole_in(unreported, kKeptAt);
  if (kept_at && (!last.at || *kept_at >= unix_ms(*last.at - kOlder))) return unreported;
  unreported.erase(kPhysics);
  unreported.erase(kHabits);
  return unreported;
}

TimeOff time_off(const LastState& last, const Environment& environment) {
  if (!last.at) return {};
  Environment then = environment;
  then.now = *last.at;
  const TimePoint kept_at(Millis(wire::whole_in(last.unreported, kKeptAt).value_or(0)));
  return {.length = std::max(Millis(0), environment.now - std::max(*last.at, kept_at)),
          .is_new_day = local_day(then) != local_day(environment)};
}

}  // namespace gridloom::sim
