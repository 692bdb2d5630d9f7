// The entities of a device, from its device file alone: each number, named value, switch and error
// of the family, and of its commands those that Home Assistant can show. Pure.
//
// A few are enabled by default: what the file calls essential, what has a nature, and one binary
// sensor that says whether the device reports a fault. The others, often hundreds, are there for
// those who look for them: Home Assistant neither subscribes to nor stores an entity that is
// disabled.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/home_assistant/entity.h"
#include "catalog/family.h"
#include "catalog/language.h"
#include "history/energy/energy_flow.h"
#include "home/counter_book.h"
#include "home/energy_counters.h"
#include "wire/json.h"

namespace gridloom::bridges::home_assistant {

// The energies that Gridloom counts of a device (home/energy_counters.h), as entities for the
// energy dashboard: announced once they are known, and never falling. Counters that begin anew are
// other entities, because Home Assistant would take a fall for a new cycle and add the whole value.
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

// Further ones of a device are left out: a device may report whatever it likes.
inline constexpr std::size_t kMaxEntities = 2000;
// Entities of one topic, so that a change of one value does not repeat hundreds.
inline constexpr std::size_t kMaxOfTopic = 60;
// Enabled of a device of whose family nothing is known.
inline constexpr std::size_t kEnabledOfUnknown = 20;

// A quota of a device that the family does not name as such: of a module, or one that it does not
// declare.
struct FurtherQuota {
  std::string name;
  std::string text{};  // JSON, of one that is not declared
};

struct EntityOptions {
  catalog::FamilyPtr english;
  catalog::FamilyPtr shown;  // the same family, in the language of the titles
  bool has_controls = false;
  DeviceCounters counters{};
};

struct Entities {
  catalog::FamilyPtr english;  // into these the entities point
  catalog::FamilyPtr shown;
  std::vector<Entity> all;

  [[nodiscard]] const Entity* find(std::string_view key) const;
};
using EntitiesPtr = std::shared_ptr<const Entities>;

[[nodiscard]] EntitiesPtr entities_of(const EntityOptions& options,
                                      std::span<const FurtherQuota> further);

// Whether entities_of() needs the device's quota.
[[nodiscard]] bool is_further(const catalog::Family& family, std::string_view quota);

// "Büro, links" is "buro_links": the letters that an entity id may have. Empty: none is left.
[[nodiscard]] std::string slug_of(std::string_view text);
// The text with '_' in place of what neither a key nor a level of a topic may have.
[[nodiscard]] std::string key_of(std::string_view text);

}  // namespace gridloom::bridges::home_assistant
