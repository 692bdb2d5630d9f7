#include "sim/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "base/chance.h"

namespace gridloom::sim {
namespace {

using catalog::FieldType;
using wire::Json;

// Rounds to six significant digits: the precision of a device's float32.
double float_like(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

// The inverse of a decimal scale is a whole number, but for what the binary fraction lacks.
double inverse_of(double scale) {
  const double inverse = 1 / scale;
  const double whole = std::round(inverse);
  return std::abs(inverse - whole) < 1e-9 * std::abs(whole) ? whole : inverse;
}

// The first four characters are the kind of module, as in the vendor's serial numbers.
std::string own_serial(std::string_view device_sn, std::string_view module_sn) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKLMNPQRSTUVWX";
  constexpr std::size_t kKind = 4;
  constexpr std::size_t kLength = 16;
  std::string sn(module_sn.substr(0, kKind));
  std::uint64_t bits = Chance(0).split(device_sn).split(module_sn).bits(0);
  for (; sn.size() < kLength; bits >>= 5U) sn += kDigits[bits % kDigits.size()];
  return sn;
}

}  // namespace

FieldTable::FieldTable(catalog::FamilyPtr family) : family_(std::move(family)) {
  for (const auto& [name, field] : family_->slot_names()) {
    const Slot slot = {.index = static_cast<std::uint32_t>(entries_.size()),
                       .type = field->type,
                       .wire_per_unit = inverse_of(field->scale)};
    index_.emplace(name, entries_.size());
    entries_.push_back({.name = name, .field = field, .slot = slot});
  }
  for (const auto& [group, numbers] : family_->virtual_devices.modules) {
    for (const std::string& sn : numbers) modules_.push_back({.group = group, .sn = sn});
  }
}

std::optional<Slot> FieldTable::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? std::nullopt : std::optional(entries_[found->second].slot);
}

Fields::Fields(FieldTablePtr table)
    : table_(std::move(table)),
      changed_(table_->entries().size(), 1),
      numbers_(table_->entries().size(), std::numeric_limits<double>::quiet_NaN()) {
  entries_.reserve(table_->entries().size());
  for (const FieldTable::Entry& entry : table_->entries()) {
    entries_.push_back({.name = entry.name, .field = entry.field, .value = entry.field->initial});
  }
}

Slot Fields::slot_of(std::string_view name) const {
  const auto found = table_->find(name);
  if (!found) throw std::logic_error(fmt::format("{} has no field {}", table_->family().id, name));
  return *found;
}

bool Fields::has(std::string_view name) const { return table_->find(name).has_value(); }

const Json& Fields::initial(Slot slot) const { return entries_[slot.index].field->initial; }

double Fields::number(Slot slot) const {
  const Json& value = get(slot);
  if (value.is_bool()) return value.get_bool() ? 1 : 0;
  if (!value.is_number()) return 0;
  return value.to_number<double>();
}

void Fields::put(std::size_t index, Json value) {
  Entry& entry = entries_[index];
  if (entry.value == value || (!pinned_.empty() && pinned_.contains(index))) return;
  entry.value = std::move(value);
  changed_[index] = 1;
}

void Fields::set(Slot slot, Json value) {
  numbers_[slot.index] = std::numeric_limits<double>::quiet_NaN();
  put(slot.index, std::move(value));
}

void Fields::set(std::string_view name, Json value) { set(slot_of(name), std::move(value)); }

void Fields::set_number(Slot slot, double value) {
  if (numbers_[slot.index] == value) return;
  if (!std::isfinite(value)) {
    throw std::logic_error(
        fmt::format("{}: {} has become {}", table_->family().id, entries_[slot.index].name, value));
  }
  numbers_[slot.index] = value;
  if (slot.type == FieldType::kBool) return put(slot.index, value != 0);
  if (slot.type == FieldType::kInt) return put(slot.index, std::llround(value));
  const double rounded = float_like(value);
  const bool is_whole = rounded == std::trunc(rounded) && std::abs(rounded) < 1e15;
  put(slot.index, is_whole ? Json(std::llround(rounded)) : Json(rounded));
}

void Fields::set_in_range(Slot slot, double value) {
  constexpr double kMax = 1e15;  // an integer as exact as a double
  const auto& range = entries_[slot.index].field->range;
  const double wire = value * slot.wire_per_unit;
  if (std::isnan(wire)) return set_number(slot, 0);
  set_number(slot, std::clamp(wire, range ? range->low : -kMax, range ? range->high : kMax));
}

void Fields::set_si(Slot slot, std::span<const double> values) {
  wire::JsonArray array;
  array.reserve(values.size());
  for (const double value : values) array.emplace_back(std::llround(value * slot.wire_per_unit));
  set(slot, std::move(array));
}

const std::vector<std::string>& Fields::modules(std::string_view group) const {
  static const std::vector<std::string> none;
  const auto& modules = table_->family().virtual_devices.modules;
  const auto found = modules.find(std::string(group));
  return found == modules.end() ? none : found->second;
}

void Fields::assign_serials(std::string_view device_sn) {
  serials_.clear();
  const auto& devices = table_->family().virtual_devices.devices;
  if (!devices.empty() && devices.front().sn == device_sn) return;
  for (const FieldTable::Module& module : table_->modules()) {
    serials_.push_back(own_serial(device_sn, module.sn));
  }
}

std::string_view Fields::serial(std::size_t module) const {
  return serials_.empty() ? table_->modules()[module].sn : serials_[module];
}

std::string_view Fields::serial(std::string_view in_names) const {
  const auto& modules = table_->modules();
  const auto found = std::ranges::find(modules, in_names, &FieldTable::Module::sn);
  return found == modules.end() ? in_names
                                : serial(static_cast<std::size_t>(found - modules.begin()));
}

void Fields::clear_changes() { std::ranges::fill(changed_, 0); }

void apply_initial(Fields& fields, const catalog::Family& family, std::string_view sn) {
  const auto& devices = family.virtual_devices.devices;
  const auto device = std::ranges::find(devices, sn, &catalog::Virtual::Device::sn);
  if (device == devices.end()) return;
  for (const auto& [name, value] : device->initial) {
    for (const Fields::Entry& entry : fields.entries()) {
      if (entry.field->name == name) fields.set(entry.name, value);
    }
  }
}

void Fields::reset_to_initial() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    numbers_[i] = std::numeric_limits<double>::quiet_NaN();
    put(i, entries_[i].field->initial);
  }
}

void Fields::pin(std::size_t index, Json value) {
  pinned_.try_emplace(index, entries_[index].value);
  if (entries_[index].value == value) return;
  entries_[index].value = std::move(value);
  changed_[index] = 1;
}

void Fields::unpin(std::size_t index) {
  auto before = pinned_.extract(index);
  if (before.empty()) return;
  numbers_[index] = std::numeric_limits<double>::quiet_NaN();
  put(index, std::move(before.mapped()));
}

}  // namespace gridloom::sim
