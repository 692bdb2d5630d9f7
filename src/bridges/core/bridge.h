// A bridge: a way between the devices of one account and something else in the house or elsewhere.
// It consumes the feed of changes (hub/feed/change_feed.h) and the home (home/home_feed.h), and
// sets devices as any caller does (home/set_tracker.h). It is a client or a server of its own and
// has no place in the routes of reports, reads and sets: if its peer is dead, slow or hostile, only
// the bridge notices.
//
// A kind of bridge is a row: its name, its settings as declared parameters, and how one is made.
// The command line, the configuration file, /api/v1/admin and the page are views of these rows
// (bridges/kinds.h).
//
// Thread rule: a bridge is made, used and destroyed on the bridges' loop, on which nothing may
// block: work that blocks has a thread of the bridge's own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/result.h"
#include "bridges/core/health.h"
#include "history/reader.h"
#include "home/energy_counters.h"
#include "home/home_feed.h"
#include "home/set_tracker.h"
#include "hub/hub.h"
#include "net/io_loop.h"
#include "net/limits.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"
#include "registry/registry.h"
#include "storage/states.h"
#include "wire/json.h"

namespace gridloom::bridges {

// The parts of a server that bridges use, which outlive them.
struct Parts {
  hub::Hub& hub;
  home::HomeFeed& homes;
  home::EnergyCounters& counters;
  home::SetTracker& sets;
  registry::Registry& registry;
  history::Reads reads{};             // executes history queries
  net::IoLoop& loop;                  // of all bridges
  storage::States* states = nullptr;  // not on the loop: it may block
  FailureBudget* failures = nullptr;  // of sign-ins, shared by all listeners; null: any may fail
  net::PeerLimits limits{};           // of what peers answer
};

// The bridge itself.
struct Identity {
  std::string name;
  registry::AccountId account{};  // whose devices it uses
  Health* health = nullptr;       // outlives it
  // The client id at brokers unless the settings have one: of this server alone, and the same in
  // each run.
  std::string client_id{};
  std::int64_t number = 0;   // registry::Bridge::number; 0: the configuration has it
  std::int64_t made_ms = 0;  // registry::Bridge::made_ms; 0 likewise
  // A folder of its own, for what must outlive the process. It need not exist.
  std::filesystem::path folder{};
};

class Bridge {
 public:
  Bridge() = default;
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  // Waits for its threads, a quarter of a second at most.
  virtual ~Bridge() = default;

  // Begins to work. A peer that is not there is no error: it is tried again and again.
  virtual void start() = 0;
  // Says goodbye to its peer. Nothing is called after it.
  virtual void stop() = 0;
  // A few times a second.
  virtual void tick() {}
  // Devices have other names, or the account has others.
  virtual void registry_changed() {}
};

struct BridgeKind {
  std::string_view name;     // "home-assistant"
  std::string_view example;  // options of one, as they are typed
  std::string_view text;     // begins with a verb, ends without a full stop
  std::span<const parameters::Parameter> settings{};
  // The setting "devices" names devices of the account (bridges/core/patterns.h).
  bool selects_devices = false;
  // Beyond the limits of each setting. kBadParams: names the setting, its value, and what would be
  // valid. Any thread; does not block.
  Status (*check)(const parameters::Arguments& settings) = nullptr;
  // `settings` have passed the check.
  std::unique_ptr<Bridge> (*make)(const Parts& parts, Identity identity,
                                  const parameters::Arguments& settings) = nullptr;
  // The first message that a bridge with these settings would send, as JSON; null: it cannot be
  // known before. Any thread.
  Result<wire::Json> (*preview)(const Parts& parts, registry::AccountId account,
                                const parameters::Arguments& settings) = nullptr;
};

constexpr bool is_complete(const BridgeKind& kind) {
  return !kind.name.empty() && !kind.example.empty() && !kind.text.empty() &&
         !kind.text.ends_with('.') && parameters::are_complete(kind.settings) &&
         kind.check != nullptr && kind.make != nullptr;
}

}  // namespace gridloom::bridges
