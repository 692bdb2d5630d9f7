// The fields of a device: one slot per quota name, in the family's order, looked up by name.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "sim/model.h"

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
    index_.emplace(name, entries_.size());
    entries_.push_back({.name = name, .field = field});
  }
  next_ = std::vector<std::atomic<std::uint32_t>>(entries_.size());
  for (const auto& [group, numbers] : family_->virtual_devices.modules) {
    for (const std::string& sn : numbers) modules_.push_back({.group = group, .sn = sn});
  }
}

std::optional<std::size_t> FieldTable::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> FieldTable::find_behind(std::size_t last, std::string_view name) const {
  if (last >= next_.size()) return find(name);
  const std::size_t guess = next_[last].load(std::memory_order_relaxed);
  if (entries_[guess].name == name) return guess;
  const auto found = find(name);
  if (found) next_[last].store(static_cast<std::uint32_t>(*found), std::memory_order_relaxed);
  return found;
}

Fields::Fields(FieldTablePtr table)
    : table_(std::move(table)),
      changed_(table_->entries().size(), 1),
      numbers_(table_->entries().size(), std::numeric_limits<double>::quiet_NaN()) {
  slots_.reserve(table_->entries().size());
  for (const FieldTable::Entry& entry : table_->entries()) {
    slots_.push_back({.name = entry.name, .field = entry.field, .value = entry.field->initial});
  }
}

std::size_t Fields::index_of(std::string_view name) const {
  const auto found = table_->find_behind(last_, name);
  if (!found) throw std::logic_error(fmt::format("{} has no field {}", table_->family().id, name));
  return last_ = *found;
}

bool Fields::has(std::string_view name) const { return table_->find(name).has_value(); }

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

void Fields::put(std::size_t index, Json value) {
  Slot& slot = slots_[index];
  if (slot.value == value || (!pinned_.empty() && pinned_.contains(index))) return;
  slot.value = std::move(value);
  changed_[index] = 1;
}

void Fields::set(std::string_view name, Json value) {
  const std::size_t index = index_of(name);
  numbers_[index] = std::numeric_limits<double>::quiet_NaN();
  put(index, std::move(value));
}

void Fields::set_number(std::string_view name, double value) {
  const std::size_t index = index_of(name);
  if (numbers_[index] == value) return;
  if (!std::isfinite(value)) {
    throw std::logic_error(fmt::format("{}: {} has become {}", table_->family().id, name, value));
  }
  numbers_[index] = value;
  const FieldType type = slots_[index].field->type;
  if (type == FieldType::kBool) return put(index, value != 0);
  if (type == FieldType::kInt) return put(index, std::llround(value));
  const double rounded = float_like(value);
  const bool is_whole = rounded == std::trunc(rounded) && std::abs(rounded) < 1e15;
  put(index, is_whole ? Json(std::llround(rounded)) : Json(rounded));
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
    for (const Fields::Slot& slot : fields.slots()) {
      if (slot.field->name == name) fields.set(slot.name, value);
    }
  }
}

void Fields::reset_to_initial() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    numbers_[i] = std::numeric_limits<double>::quiet_NaN();
    put(i, slots_[i].field->initial);
  }
}

void Fields::pin(std::size_t slot, Json value) {
  pinned_.try_emplace(slot, slots_[slot].value);
  if (slots_[slot].value == value) return;
  slots_[slot].value = std::move(value);
  changed_[slot] = 1;
}

void Fields::unpin(std::size_t slot) {
  auto before = pinned_.extract(slot);
  if (before.empty()) return;
  numbers_[slot] = std::numeric_limits<double>::quiet_NaN();
  put(slot, std::move(before.mapped()));
}

}  // namespace gridloom::sim
