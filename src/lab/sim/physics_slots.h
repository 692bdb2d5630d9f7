// The parts of a device as its file declares them in `physics`: their numbers, with defaults for
// those that the file leaves out, and the slots of the fields that steer and show them.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/formula.h"
#include "sim/battery.h"
#include "sim/heat_pump.h"
#include "sim/household/load.h"
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
  std::optional<std::size_t> sum{};  // of Slots::sums: several parts feed the field
};

// A formula of the device file, with the slots of its fields.
struct FieldFormula {
  catalog::Formula formula;
  std::vector<Slot> inputs;  // by Formula::names

  [[nodiscard]] double at(const Fields& fields) const;
};

struct Part {
  std::optional<FieldFormula> on;
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
  std::optional<Slot> reserve_limit;  // while there is a grid
  std::optional<FieldFormula> count;
  std::size_t pack = 0;  // number of an extra battery, from 1; 0: it is none
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
  double meter_error_w = 0;
  std::optional<FieldFormula> holds;
  std::optional<FieldFormula> share;  // of import_w
};

struct HeatPumpPart {
  HeatPump::Options options;
  std::optional<double> initial_c;
  FieldFormula target;
  std::optional<FieldFormula> heats;
  std::optional<FieldFormula> share;
};

struct LoadPart : Part {
  double power_w = 0;
  double household_share = 0;
  bool dc = false;
  double set_share = 1;              // of the home's power, where that was set
  std::size_t channel = 0;           // of Slots::wiring
  std::optional<std::size_t> port;   // household::Port: power_w is what usually hangs there
  std::optional<Slot> limit;         // it switches itself off above
  std::optional<Slot> switch_field;  // of `limit`
  std::optional<Slot> tripped;
  std::optional<HeatPumpPart> heat_pump;
};

// The slots that all models with batteries of physics share.
struct BatterySlots : ModelSlots {
  using ModelSlots::ModelSlots;

 protected:
  // The extra batteries of the family's file, in its order.
  [[nodiscard]] std::vector<BatteryPart> extra_batteries();
  [[nodiscard]] BatteryPart battery(const catalog::PhysicsPart& part);
  // The slots that parts of all kinds have.
  [[nodiscard]] Part common(const catalog::PhysicsPart& part) const;
  [[nodiscard]] std::optional<FieldFormula> formula(const catalog::PhysicsPart& part,
                                                    std::string_view key) const;
  [[nodiscard]] std::optional<Slot> limit(const catalog::PhysicsPart& part,
                                          std::string_view name) const;
};

struct Slots : BatterySlots {
  explicit Slots(FieldTablePtr family);

  std::vector<BatteryPart> batteries;
  std::vector<Feed> all_batteries;  // of all of them together
  std::vector<PvPart> pv_inputs;
  std::optional<InverterPart> inverter;
  std::optional<ChargerPart> charger;
  std::optional<GridPart> grid;
  std::vector<LoadPart> loads;  // heat pumps too
  struct Sum {
    Slot slot;
    bool counts = false;  // it is an energy
  };
  std::vector<Sum> sums;     // fields that several parts feed with their power or energy
  household::Wiring wiring;  // of the loads that are a part of the home

 private:
  void add(const catalog::PhysicsPart& part);
  [[nodiscard]] LoadPart load(const catalog::PhysicsPart& part);
  [[nodiscard]] LoadPart heat_pump(const catalog::PhysicsPart& part);
  // The circuits that no part names are those of the parts that name none. Where the home's power
  // was set, parts that name circuits have equal shares of it.
  void wire_loads();
  void find_sums();
};

}  // namespace gridloom::sim::physics
