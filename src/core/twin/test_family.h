// Fictional families for the twin's tests: a flat one with every kind of quota and every power
// nature that is used, and one with nested reports and replies.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "catalog/family.h"
#include "catalog/loader.h"
#include "twin/layout.h"

namespace gridloom::twin {

inline constexpr std::string_view kFlatFamily = R"yaml(
family: flat_home
product: Flat Home
description: A home that nobody lives in
prefixes: [FH1]
read_only: true
quota_all: flat
aliases: {" state": pd.state, old.soc: pd.soc}
as_text: [info]

messages:
  report: {id: $message_id}
  reply: {id: $id}

reports:
  pd: {match: {typeCode: pdStatus}, fields: [pd.], prefix: pd.}
  beat: {match: {cmdId: 1, cmdFunc: 20}, fields: [20_1.], prefix: 20_1.}
  info: {match: {typeCode: info}, fields: [info.], prefix: info.}
  rest: {match: {typeCode: rest}, fields: [watts., tasks]}

fields:
  pd.state: {type: string, description: State}
  pd.soc: {type: int, unit: "%", description: Charge}
  pd.cells: {type: array, description: Cells}
  20_1.load: {type: int, description: Load}
  info.name: {type: string, description: Name}
  info.mode: {type: int, description: Mode}
  watts.pv: {type: float, unit: W, description: Sun, nature: pv.power}
  watts.bat: {type: float, unit: W, scale: 0.1, description: Battery, nature: battery.power,
              invert: true, sign: discharging is positive}
  watts.grid: {type: float, unit: W, description: Grid, nature: grid.power}
  watts.load: {type: float, unit: W, description: Load, nature: load.power}
  watts.load2: {type: float, unit: W, description: A second load, nature: load.power}
  watts.ev: {type: float, unit: W, description: Car, nature: ev.power}
  watts.rod: {type: float, unit: W, description: Rod, nature: heater.power}
  watts.pump: {type: float, unit: W, description: Pump, nature: heatpump.power}
  tasks: {type: object, description: Tasks}
)yaml";

inline constexpr std::string_view kNestedFamily = R"yaml(
family: nested_home
product: Nested Home
description: A home of groups
prefixes: [NH1]
read_only: true
quota_all: nested

messages:
  nested: true
  report: {id: $message_id}
  reply: {id: $id}

reports:
  all: {match: {typeCode: all}, fields: [phase., top, tree, jobs], also_flat: true}
  unit: {match: {typeCode: unit}, fields: [unit.], prefix: unit.}
  pack: {match: {typeCode: pack}, fields: [pack.], prefix: pack., module: packSn}

fields:
  top: {type: int, description: Top}
  tree: {type: object, description: One value}
  jobs: {type: array, of: {type: object}, one_as_object: true, description: Jobs}
  unit.list: {type: array, description: Channels}
  unit.time.hour: {type: int, description: Hour}
  unit.plan: {type: object, description: One value}
  phase.vol: {type: float, unit: V, description: Voltage}
  phase.amp: {type: float, unit: A, description: Current}
  pack.*.soc: {type: int, unit: "%", description: Charge of a pack}
  pack.*.cfg.on: {type: int, description: Whether a pack is on}
  pack.*.plan: {type: object, description: One value}
)yaml";

inline LayoutPtr layout_of(const std::string& file, std::string_view yaml) {
  auto family = catalog::load_family(file, yaml);
  if (!family) throw std::runtime_error(family.error().detail);
  return std::make_shared<const Layout>(*family);
}

inline const LayoutPtr& flat_layout() {
  static const LayoutPtr kLayout = layout_of("flat_home.yaml", kFlatFamily);
  return kLayout;
}

inline const LayoutPtr& nested_layout() {
  static const LayoutPtr kLayout = layout_of("nested_home.yaml", kNestedFamily);
  return kLayout;
}

}  // namespace gridloom::twin
