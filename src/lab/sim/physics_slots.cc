#include "sim/physics_slots.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "catalog/element_name.h"
#include "sim/household/appliances.h"

namespace gridloom::sim::physics {
namespace {

using catalog::PartKind;
using catalog::PhysicsPart;
using catalog::Quantity;

constexpr double kCell_ohm_ah = 0.17;  // of usual cells

static_assert(household::kPorts == catalog::kPorts.size());

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

Slots::Slots(FieldTablePtr family) : BatterySlots(std::move(family)) {
  for (const PhysicsPart& part : table().family().physics) add(part);
  wire_loads();
  find_sums();
}

void Slots::add(const PhysicsPart& part) {
  const auto number = [&](std::string_view name, double otherwise) {
    return rating_or(part.path, name, otherwise);
  };
  switch (part.kind) {
    case PartKind::kBattery:
      batteries.push_back(battery(part));
      break;
    case PartKind::kAllBatteries:
      all_batteries = common(part).feeds;
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
      grid = {common(part),           number("import_w", catalog::kMaxPower_w),
              number("export_w", 0),  number("meter_error_w", 0),
              formula(part, "holds"), formula(part, "share")};
      break;
    case PartKind::kLoad:
      loads.push_back(load(part));
      break;
    case PartKind::kHeatPump:
      loads.push_back(heat_pump(part));
      break;
    case PartKind::kModel:
      miss("no physics.model, which only a model in C++ reads");
      break;
  }
}

std::vector<BatteryPart> BatterySlots::extra_batteries() {
  std::vector<BatteryPart> extra;
  for (const PhysicsPart& part : table().family().physics) {
    if (part.number("pack")) extra.push_back(battery(part));
  }
  return extra;
}

BatteryPart BatterySlots::battery(const PhysicsPart& part) {
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
          limit(part, "min"),
          limit(part, "reserve"),
          formula(part, "count"),
          static_cast<std::size_t>(number("pack", 0))};
}

LoadPart Slots::load(const PhysicsPart& part) {
  LoadPart made;
  static_cast<Part&>(made) = common(part);
  made.power_w = rating_or(part.path, "power_w", 0);
  made.household_share = rating_or(part.path, "household_share", 0);
  made.dc = part.dc;
  made.port = part.port;
  made.limit = limit(part, "power");
  if (made.limit) made.switch_field = made.on->inputs.front();
  if (!part.tripped.empty()) made.tripped = table().find(part.tripped);
  return made;
}

LoadPart Slots::heat_pump(const PhysicsPart& part) {
  const auto number = [&](std::string_view name, double otherwise) {
    return rating_or(part.path, name, otherwise);
  };
  LoadPart made;
  static_cast<Part&>(made) = common(part);
  made.dc = part.dc;
  HeatPumpPart pump{.options = {.power_w = number("power_w", 0),
                                .least_w = number("least_w", 0),
                                .fan_w = number("fan_w", 0),
                                .cop = number("cop", 3),
                                .capacity_wh_per_k = number("capacity_wh_per_k", 1),
                                .loss_w_per_k = number("loss_w_per_k", 1),
                                .open_w_per_k = number("open_w_per_k", 0),
                                .opens_per_day = number("opens_per_day", 0)},
                    .initial_c = {},
                    .target = formula(part, "target").value(),
                    .heats = formula(part, "heats"),
                    .share = formula(part, "share")};
  if (part.number("initial_c")) pump.initial_c = number("initial_c", 0);
  made.heat_pump = std::move(pump);
  return made;
}

void Slots::wire_loads() {
  wiring.fill(household::kNotWired);
  std::int8_t channel = 0;
  const auto of_home = [](const PhysicsPart& part) {
    return part.kind == PartKind::kLoad && part.number("household_share").value_or(0) > 0;
  };
  const auto& parts = table().family().physics;
  const bool rest = std::ranges::any_of(
      parts, [&](const PhysicsPart& part) { return of_home(part) && part.circuits == 0; });
  if (rest) wiring = household::wired_together();
  if (rest) ++channel;
  const auto apart = std::ranges::count_if(
      parts, [&](const PhysicsPart& part) { return of_home(part) && part.circuits != 0; });
  auto made = loads.begin();
  for (const PhysicsPart& part : parts) {
    if (part.kind != PartKind::kLoad && part.kind != PartKind::kHeatPump) continue;
    LoadPart& load = *made++;
    if (!of_home(part) || part.circuits == 0) continue;
    load.set_share = 1 / static_cast<double>(apart);
    load.channel = static_cast<std::size_t>(channel);
    for (std::size_t k = 0; k < wiring.size(); ++k) {
      if ((part.circuits >> k & 1U) != 0) wiring.at(k) = channel;
    }
    ++channel;
  }
}

void Slots::find_sums() {
  std::vector<Feed*> powers;
  const auto collect = [&](Part& part) {
    for (Feed& feed : part.feeds) {
      const bool adds = feed.quantity == Quantity::kPower || feed.quantity == Quantity::kEnergy;
      if (adds) powers.push_back(&feed);
    }
  };
  for (BatteryPart& part : batteries) collect(part);
  for (PvPart& part : pv_inputs) collect(part);
  for (LoadPart& part : loads) collect(part);
  if (inverter) collect(*inverter);
  if (charger) collect(*charger);
  if (grid) collect(*grid);
  for (Feed* feed : powers) {
    const auto feeds_same = [&](const Feed* other) {
      return other->slot.index == feed->slot.index && other->slot.element == feed->slot.element;
    };
    if (feed->sum || std::ranges::count_if(powers, feeds_same) < 2) continue;
    for (Feed* other : powers) {
      if (feeds_same(other)) other->sum = sums.size();
    }
    sums.push_back({.slot = feed->slot, .counts = feed->quantity == Quantity::kEnergy});
  }
}

std::optional<FieldFormula> BatterySlots::formula(const PhysicsPart& part,
                                                  std::string_view key) const {
  const auto found = part.formulas.find(key);
  if (found == part.formulas.end()) return std::nullopt;
  FieldFormula made{.formula = found->second, .inputs = {}};
  for (const std::string& name : found->second.names) {
    made.inputs.push_back(table().find(name).value());
  }
  return made;
}

double FieldFormula::at(const Fields& fields) const {
  std::vector<double> values;
  values.reserve(inputs.size());
  for (const Slot input : inputs) values.push_back(fields.si(input));
  return evaluate(formula, values);
}

Part BatterySlots::common(const PhysicsPart& part) const {
  Part made;
  made.on = formula(part, "switch");
  for (const PhysicsPart::Feed& feed : part.feeds) {
    const auto element = catalog::element_name(feed.field);
    const std::string_view name = element ? element->field : std::string_view(feed.field);
    // A field of modules has a slot for each of them.
    for (const FieldTable::Entry& entry : table().entries()) {
      if (entry.field->name != name) continue;
      made.feeds.push_back(fed(feed.quantity, entry));
      if (element) made.feeds.back().slot.element = element->element;
    }
  }
  return made;
}

std::optional<Slot> BatterySlots::limit(const PhysicsPart& part, std::string_view name) const {
  const auto found = part.limits.find(name);
  return found == part.limits.end() ? std::nullopt : table().find(found->second);
}

}  // namespace gridloom::sim::physics
