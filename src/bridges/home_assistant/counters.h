// The energies that Gridloom counts of a device (home/energy_counters.h), as entities for the
// energy dashboard: announced once they are known, and never falling. Counters that begin anew are
// other entities, because Home Assistant would take a fall for a new cycle and add the whole value.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridges/home_assistant/entity.h"
#include "catalog/language.h"
#include "history/energy/energy_flow.h"
#include "home/counter_book.h"
#include "home/energy_counters.h"
#include "wire/json.h"

namespace gridloom::bridges::home_assistant {

struct DeviceCounters {
  std::string id{};  // another one: they begin anew
  home::FlowCounters wh{};
};
// The device is one of the totals.
[[nodiscard]] DeviceCounters counters_of(const home::EnergyTotals& totals,
                                         const home::EnergyTotals::Device& device);
// Whether the same counters are known of both.
[[nodiscard]] bool have_same_entities(const DeviceCounters& one, const DeviceCounters& other);

// An entity for each that is known, with one source, which is no quota of the device.
[[nodiscard]] std::vector<Entity> counter_entities(const DeviceCounters& counters,
                                                   catalog::Language language);
// Whole Wh, rounded down: they do not fall either. Nothing: it is not known.
[[nodiscard]] std::optional<wire::Json> counter_state(const DeviceCounters& counters,
                                                      history::EnergyFlow flow);

}  // namespace gridloom::bridges::home_assistant
