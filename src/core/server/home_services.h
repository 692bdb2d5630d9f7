// Holds what a server knows of homes beyond single devices: the log of events, the homes of
// accounts, what became of their sets, their energy counters,
// and the modes of their batteries.
//
// Thread rule: start() before the loops turn; tick() on the loop; stop() from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "bridges/bridges.h"
#include "bridges/configured.h"
#include "history/archive.h"
#include "home/battery_modes.h"
#include "home/energy_counters.h"
#include "home/event_log.h"
#include "home/home_feed.h"
#include "home/set_tracker.h"
#include "hub/hub.h"
#include "registry/registry.h"

namespace gridloom::server {

class HomeServices {
 public:
  // These outlive the services. Events are written, and sets watched, on `loop`.
  struct Options {
    hub::Hub& hub;
    history::Archive& archive;
    history::Reads reads;
    Loop& loop;
    const Clock& steady;
    std::filesystem::path data;  // the data folder
    home::EventLog::Writes events = home::EventLog::Writes::kAll;
    std::shared_ptr<storage::States> battery_modes{};  // null: a file in the data folder
  };
  explicit HomeServices(const Options& options);

  // Takes over the faults that were open when the server ended, and the sets with an id that were
  // sent. Before the archive starts. Fails as Archive::open_faults() and reads of the audit do;
  // without those on damaged pages it goes on.
  [[nodiscard]] Status start();
  // To be called a few times a second, on the loop.
  void tick() {
    events_.tick();
    sets_.tick();
    counters_.tick();
    modes_.tick();
  }
  // Nothing is written any more.
  void stop() { events_.stop(); }

  // Makes the bridges, once: those of the registry, and those of the configuration.
  struct BridgeOptions {
    registry::Registry& registry;
    const Clock& wall;
    std::vector<bridges::ConfiguredBridge> configured{};
    FailureBudget* failures = nullptr;  // of sign-ins
    std::optional<bridges::Place> place{};
    net::PeerLimits limits{};
    std::shared_ptr<storage::States> states{};
  };
  void add_bridges(BridgeOptions options);
  // Null before.
  [[nodiscard]] bridges::Bridges* bridges() { return bridges_ ? &*bridges_ : nullptr; }

  [[nodiscard]] const home::EventLog& events() const { return events_; }
  [[nodiscard]] home::HomeFeed& homes() { return homes_; }
  [[nodiscard]] home::SetTracker& sets() { return sets_; }
  [[nodiscard]] home::EnergyCounters& counters() { return counters_; }
  [[nodiscard]] home::BatteryModes& modes() { return modes_; }

 private:
  [[nodiscard]] Status restore_sets();

  Options options_;
  home::EventLog events_;
  home::HomeFeed homes_;
  home::SetTracker sets_;
  home::EnergyCounters counters_;
  home::BatteryModes modes_;
  std::optional<bridges::Bridges> bridges_;
};

}  // namespace gridloom::server
