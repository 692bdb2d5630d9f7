#include "sim/model_slots.h"

#include <fmt/format.h>

namespace gridloom::sim {
namespace {

using catalog::FieldType;

bool is_number(FieldType type) {
  return type == FieldType::kInt || type == FieldType::kFloat || type == FieldType::kBool;
}

// A slot that is never used: status() is an error.
constexpr Slot kNone;

}  // namespace

Status ModelSlots::status() const {
  if (missing_.empty()) return {};
  return fail(ErrorCode::kMalformed,
              fmt::format("{}: its virtual devices need {}", table_->family().id, missing_));
}

void ModelSlots::miss(std::string_view what) {
  if (!missing_.empty()) missing_ += "; ";
  missing_ += what;
}

const FieldTable::Entry* ModelSlots::find(std::string_view name) {
  const auto slot = table_->find(name);
  if (slot) return &table_->entries()[slot->index];
  miss(fmt::format("a field {}, which the family does not have", name));
  return nullptr;
}

Slot ModelSlots::in_unit(const FieldTable::Entry& entry, std::string_view unit) {
  const auto shown = [](std::string_view text) { return text.empty() ? "no unit" : text; };
  if (entry.field->unit != unit) {
    miss(fmt::format("{} in {}, but it is in {}", entry.name, shown(unit),
                     shown(entry.field->unit)));
  }
  return entry.slot;
}

Slot ModelSlots::number(std::string_view name, std::string_view unit) {
  const FieldTable::Entry* entry = find(name);
  if (entry == nullptr) return kNone;
  if (!is_number(entry->slot.type)) {
    miss(fmt::format("{} as a number, but it is of type {}", name, name_of(entry->slot.type)));
  }
  return in_unit(*entry, unit);
}

Slot ModelSlots::numbers(std::string_view name, std::string_view unit) {
  const FieldTable::Entry* entry = find(name);
  if (entry == nullptr) return kNone;
  if (entry->slot.type != FieldType::kArray) {
    miss(fmt::format("{} as an array, but it is of type {}", name, name_of(entry->slot.type)));
  }
  return in_unit(*entry, unit);
}

Slot ModelSlots::json(std::string_view name) {
  const FieldTable::Entry* entry = find(name);
  return entry == nullptr ? kNone : entry->slot;
}

std::vector<std::size_t> ModelSlots::modules(std::string_view group) {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < table_->modules().size(); ++i) {
    if (table_->modules()[i].group == group) indexes.push_back(i);
  }
  if (indexes.empty()) miss(fmt::format("a module of the group {}, which has none", group));
  return indexes;
}

}  // namespace gridloom::sim
