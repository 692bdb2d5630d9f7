// The fields of a device: one slot a quota name, in the family's order, found by name.
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "sim/model.h"

namespace gridloom::sim {
namespace {

using catalog::FieldType;
using wire::Json;

// Six significant digits: what a device's float32 carries.
double float_like(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

}  // namespace

Fields::Fields(const catalog::Family& family) : family_(family) {
  for (const auto& [name, field] : family.slot_names()) {
    index_.emplace(name, slots_.size());
    slots_.push_back({.name = name, .field = field, .value = field->initial, .changed = true});
  }
}

std::size_t Fields::index_of(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw std::logic_error(fmt::format("{} has no field {}", family_.id, name));
  }
  return found->second;
}

bool Fields::has(std::string_view name) const { return index_.contains(name); }

const Json& Fields::get(std::string_view name) const { return slots_[index_of(name)].value; }

const Json& Fields::initial(std::string_view name) const {
  return slots_[index_of(name)].field->initial;
}

double Fields::number(std::string_view name) const {
  const Json& value = get(name);
  if (value.is_bool()) return value.get_bool() ? 1 : 0;
  if (!value.is_number()) return 0;
  return value.to_number<double>();
}

std::int64_t Fields::integer(std::string_view name) const {
  return static_cast<std::int64_t>(number(name));
}

void Fields::set(std::string_view name, Json value) {
  Slot& slot = slots_[index_of(name)];
  if (slot.value == value) return;
  slot.value = std::move(value);
  slot.changed = true;
}

void Fields::set_number(std::string_view name, double value) {
  if (!std::isfinite(value)) {
    throw std::logic_error(fmt::format("{}: {} has become {}", family_.id, name, value));
  }
  const FieldType type = slots_[index_of(name)].field->type;
  if (type == FieldType::kBool) return set(name, value != 0);
  if (type == FieldType::kInt) return set(name, std::llround(value));
  const double rounded = float_like(value);
  const bool is_whole = rounded == std::trunc(rounded) && std::abs(rounded) < 1e15;
  set(name, is_whole ? Json(std::llround(rounded)) : Json(rounded));
}

const std::vector<std::string>& Fields::modules(std::string_view group) const {
  static const std::vector<std::string> none;
  const auto found = family_.virtual_devices.modules.find(std::string(group));
  return found == family_.virtual_devices.modules.end() ? none : found->second;
}

void Fields::clear_changes() {
  for (Slot& slot : slots_) slot.changed = false;
}

void Fields::reset_to_initial() {
  for (Slot& slot : slots_) {
    if (slot.value == slot.field->initial) continue;
    slot.value = slot.field->initial;
    slot.changed = true;
  }
}

}  // namespace gridloom::sim
