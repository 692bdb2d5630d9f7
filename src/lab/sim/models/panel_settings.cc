#include "sim/models/panel_settings.h"

#include "sim/models/panel_json.h"

namespace gridloom::sim::panel {
namespace {

using wire::Json;

Settings::Hand hand_of(const Json& list, std::size_t index) {
  const Json& control = at(list, index);
  return {.holds = integer(control, "ctrlMode") != 0,
          .source = Source{integer(control, "ctrlSta")}};
}

}  // namespace

Settings read_settings(const Fields& fields, const Slots& slots) {
  Settings set;
  const Json strategies = fields.get(slots.strategy);
  const Json circuits = fields.get(slots.circuits.slot);
  const Json in_use = fields.get(slots.in_use);
  for (std::size_t i = 0; i < kLoads; ++i) {
    const Json& strategy = at(strategies, i);
    set.circuits.at(i) = {.hand = hand_of(circuits, i),
                          .in_use = at(in_use, i) != Json(false),
                          .priority = integer(strategy, "priority"),
                          .rescued = integer(strategy, "isEnable") != 0};
  }
  const Json backups = fields.get(slots.backups.slot);
  for (std::size_t k = 0; k < kPacks; ++k) set.packs.at(k) = hand_of(backups, k);
  const Json limits = fields.get(slots.current_limits);
  for (std::size_t i = 0; i < set.limit_w.size(); ++i) {
    const double limit_a = number(at(limits, i));
    set.limit_w.at(i) = limit_a * fields.si(slots.nominal_voltage);
  }
  set.floor_soc = fields.si(slots.floor);
  set.full_soc = fields.si(slots.full);
  set.rescues_chosen = fields.on(slots.strategy_on);
  set.sheds_one_by_one = fields.on(slots.sheds_one_by_one);
  set.eps = fields.on(slots.eps);
  set.tasks = fields.get(slots.tasks);
  return set;
}

}  // namespace gridloom::sim::panel
