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
  for (std::size_t i = 0; i < kLoads; ++i) {
    const Json& strategy = at(fields.get(slots.strategy), i);
    set.circuits.at(i) = {.hand = hand_of(fields.get(slots.circuits), i),
                          .in_use = at(fields.get(slots.in_use), i) != Json(false),
                          .priority = integer(strategy, "priority"),
                          .rescued = integer(strategy, "isEnable") != 0};
  }
  for (std::size_t k = 0; k < kPacks; ++k) {
    set.packs.at(k) = hand_of(fields.get(slots.backups), k);
  }
  for (std::size_t i = 0; i < set.limit_w.size(); ++i) {
    const double limit_a = number(at(fields.get(slots.current_limits), i));
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
