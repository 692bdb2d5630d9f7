#include "sim/physics_slots.h"

#include <algorithm>
#include <cstddef>

namespace gridloom::sim::physics {
namespace {

using catalog::PartKind;
using catalog::PhysicsPart;
using catalog::Quantity;

constexpr double kCell_ohm_ah = 0.17;  // of usual cells

Feed fed(Quantity quantity, const FieldTable::Entry& entry) {
  Feed feed{.quantity = quantity,
            .slot = entry.slot,
            .sign = entry.field->invert ? -1.0 : 1.0,
            .absent = entry.field->absent,
            .states = {}};
  if (quantity != Quantity::kState) return feed;
  for (std::size_t k = 0; k < feed.states.size(); ++k) {
    const auto& values = entry.field->values;
    const auto named =
        std::ranges::find(values, catalog::kBatteryStates.at(k), &catalog::NamedValue::name);
    feed.states.at(k) = named->value;
  }
  return feed;
}

}  // namespace

Slots::Slots(FieldTablePtr family) : ModelSlots(std::move(family)) {
  for (const PhysicsPart& part : table().family().physics) add(part);
}

void Slots::add(const PhysicsPart& part) {
  const auto number = [&](std::string_view name, double otherwise) {
    return rating_or(part.path, name, otherwise);
  };
  switch (part.kind) {
    case PartKind::kBattery:
      batteries.push_back(battery(part));
      break;
    case PartKind::kPvInput:
      pv_inputs.push_back({common(part), number("rated_w", 0), number("efficiency", 1)});
      break;
    case PartKind::kInverter:
      inverter = {common(part), number("rated_w", 0), number("efficiency", 1), number("idle_w", 0)};
      break;
    case PartKind::kCharger:
      charger = {common(part), number("rated_w", 0), number("efficiency", 1), limit(part, "power")};
      break;
    case PartKind::kGrid:
      grid = {common(part), number("import_w", catalog::kMaxPower_w), number("export_w", 0)};
      break;
    case PartKind::kLoad:
      loads.push_back({common(part), number("power_w", 0), number("household_share", 0), part.dc});
      break;
    case PartKind::kModel:
      miss("no physics.model, which only a model in C++ reads");
      break;
  }
}

BatteryPart Slots::battery(const PhysicsPart& part) {
  const auto number = [&](std::string_view name, double otherwise) {
    return rating_or(part.path, name, otherwise);
  };
  const double cells = number("cells", 16);
  const double charge_ah = capacity_ah(number("capacity_wh", 1), cells);
  return {common(part),
          {.cells = static_cast<int>(cells),
           .capacity_ah = charge_ah,
           .resistance_ohm = number("resistance_ohm", cells * kCell_ohm_ah / charge_ah),
           .soc_percent = number("initial_percent", 50)},
          number("charge_w", 0),
          number("discharge_w", 0),
          number("efficiency", 1),
          {.from_percent = number("taper_percent", 90), .end_share = number("taper_share", 0.2)},
          number("reserve_percent", 5),
          number("idle_w", 0),
          limit(part, "max"),
          limit(part, "min")};
}

Part Slots::common(const PhysicsPart& part) const {
  Part made;
  if (!part.switch_field.empty()) made.on = table().find(part.switch_field);
  for (const PhysicsPart::Feed& feed : part.feeds) {
    // A field of modules has a slot for each of them.
    for (const FieldTable::Entry& entry : table().entries()) {
      if (entry.field->name == feed.field) made.feeds.push_back(fed(feed.quantity, entry));
    }
  }
  return made;
}

std::optional<Slot> Slots::limit(const PhysicsPart& part, std::string_view name) const {
  const auto found = part.limits.find(name);
  return found == part.limits.end() ? std::nullopt : table().find(found->second);
}

}  // namespace gridloom::sim::physics
