// The parts of a device as its file declares them in `physics`: their numbers, with defaults for
// those that the file leaves out, and the slots of the fields that steer and show them.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/battery.h"
#include "sim/model_slots.h"
#include "sim/models/parts.h"
#include "wire/json.h"

namespace gridloom::sim::physics {

struct Feed {
  catalog::Quantity quantity = catalog::Quantity::kPower;
  Slot slot;
  double sign = 1;  // -1: the field's sign is opposite to that of the quantity
  std::optional<wire::Json> absent;
  std::array<wire::Json, catalog::kBatteryStates.size()> states;  // of kState
};

struct Part {
  std::optional<Slot> on;  // a switch
  std::vector<Feed> feeds;
};

struct BatteryPart : Part {
  Battery::Options options;
  double charge_w = 0;
  double discharge_w = 0;
  double efficiency = 1;
  Taper taper;
  double reserve_percent = 0;
  double idle_w = 0;
  std::optional<Slot> max_limit;
  std::optional<Slot> min_limit;
};

struct PvPart : Part {
  double rated_w = 0;
  double efficiency = 1;
};

struct InverterPart : Part {
  double rated_w = 0;
  double efficiency = 1;
  double idle_w = 0;
};

struct ChargerPart : Part {
  double rated_w = 0;
  double efficiency = 1;
  std::optional<Slot> power_limit;
};

struct GridPart : Part {
  double import_w = 0;
  double export_w = 0;
};

struct LoadPart : Part {
  double power_w = 0;
  double household_share = 0;
  bool dc = false;
};

struct Slots : ModelSlots {
  explicit Slots(FieldTablePtr family);

  std::vector<BatteryPart> batteries;
  std::vector<PvPart> pv_inputs;
  std::optional<InverterPart> inverter;
  std::optional<ChargerPart> charger;
  std::optional<GridPart> grid;
  std::vector<LoadPart> loads;

 private:
  void add(const catalog::PhysicsPart& part);
  [[nodiscard]] BatteryPart battery(const catalog::PhysicsPart& part);
  // What parts of all kinds have.
  [[nodiscard]] Part common(const catalog::PhysicsPart& part) const;
  [[nodiscard]] std::optional<Slot> limit(const catalog::PhysicsPart& part,
                                          std::string_view name) const;
};

}  // namespace gridloom::sim::physics
