// Holds what a server knows of homes beyond single devices: the log of events, the homes of
// accounts, what became of their sets, their energy counters, and the modes of their batteries.
//
// Thread rule: start() before the loops turn; tick() on the loop; stop() from any thread.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "history/archive.h"
#include "home/battery_modes.h"
#include "home/energy_counters.h"
#include "home/event_log.h"
#include "home/home_feed.h"
#include "home/set_tracker.h"
#include "hub/hub.h"

namespace gridloom::home {

class HomeServices {
 public:
  // These outlive the services. Events are written, and sets watched, on `loop`.
  struct Options {
    hub::Hub& hub;
    history::Archive& archive;
    history::Reads reads;
    Loop& loop;
    const Clock& steady;
    std::filesystem::path data;                 // the data folder
    HomeFeed::Options::MembersOf members_of{};  // of HomeFeed::Options, as the next one
    HomeFeed::Options::MembersOf german_members_of{};
    EventLog::Writes events = EventLog::Writes::kAll;
    std::shared_ptr<storage::States> battery_modes{};  // null: a file in the data folder
  };
  explicit HomeServices(const Options& options);

  // Takes over the faults that were open when the server ended, and the sets with an id that were
  // sent. Before the archive starts. Fails as Archive::open_faults() and reads of the audit do;
  // without those on damaged pages it works.
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

  [[nodiscard]] const EventLog& events() const { return events_; }
  [[nodiscard]] HomeFeed& homes() { return homes_; }
  [[nodiscard]] SetTracker& sets() { return sets_; }
  [[nodiscard]] EnergyCounters& counters() { return counters_; }
  [[nodiscard]] BatteryModes& modes() { return modes_; }

 private:
  [[nodiscard]] Status restore_sets();

  Options options_;
  EventLog events_;
  HomeFeed homes_;
  SetTracker sets_;
  EnergyCounters counters_;
  BatteryModes modes_;
};

}  // namespace gridloom::home
