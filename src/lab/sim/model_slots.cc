#include "sim/model_slots.h"

#include <fmt/format.h>

#include <algorithm>

namespace gridloom::sim {
namespace {

using catalog::FieldType;

void add_to(std::string& missing, std::string_view what) {
  if (!missing.empty()) missing += "; ";
  missing += what;
}

// A slot that is never used: status() is an error.
constexpr Slot kNone;

}  // namespace

Status ModelSlots::status() const {
  std::string missing = missing_;
  for (const catalog::PhysicsPart& part : table_->family().physics) {
    for (const auto& [number, value] : part.numbers) {
      if (ratings_.contains({part.path, number})) continue;
      add_to(missing,
             fmt::format("no number physics.{}.{}, which nothing reads", part.path, number));
    }
  }
  if (missing.empty()) return {};
  return fail(ErrorCode::kMalformed,
              fmt::format("{}: its virtual devices need {}", table_->family().id, missing));
}

void ModelSlots::miss(std::string_view what) { add_to(missing_, what); }

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
  if (!is_numeric(entry->slot.type)) {
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

std::optional<double> ModelSlots::find_rating(std::string_view part, std::string_view number) {
  const auto& parts = table_->family().physics;
  const auto found = std::ranges::find(parts, part, &catalog::PhysicsPart::path);
  ratings_.emplace(part, number);
  return found == parts.end() ? std::nullopt : found->number(number);
}

double ModelSlots::rating(std::string_view part, std::string_view number) {
  const std::optional<double> found = find_rating(part, number);
  if (!found) miss(fmt::format("a number physics.{}.{}, which the family lacks", part, number));
  return found.value_or(0);
}

double ModelSlots::rating_or(std::string_view part, std::string_view number, double otherwise) {
  return find_rating(part, number).value_or(otherwise);
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
