// The home of the account as a device of its own: powers of the moment, and energy counters for
// Home Assistant's energy dashboard. Without sockets.
//
// The counters never fall (home/counter_book.h). If they begin anew, which a restored or a new data
// folder makes them do, their epoch is another one, and with it the ids of their entities: Home
// Assistant would take a fall for a new cycle and count the whole value again.
//
// Thread rule: one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bridges/home_assistant/discovery.h"
#include "bridges/home_assistant/publisher.h"
#include "catalog/language.h"
#include "home/energy_counters.h"
#include "overview/home_picture.h"
#include "wire/json.h"

namespace gridloom::bridges::home_assistant {

// The devices and figures of a home that exist now. Null: it is not known.
struct HomeNow {
  const overview::HomePicture* picture = nullptr;
  const home::EnergyTotals* totals = nullptr;
};

// An entity for each place and each quantity that the home has.
[[nodiscard]] wire::JsonObject home_config(const Topics& topics, catalog::Language language,
                                           const HomeNow& now);
// Values by the keys of the entities; null where one is not known.
[[nodiscard]] wire::JsonObject home_state(const HomeNow& now);

class HomeDevice {
 public:
  HomeDevice(Topics topics, catalog::Language language, Outlet& outlet)
      : topics_(std::move(topics)), language_(language), outlet_(outlet) {}

  void on_offline();
  // Home Assistant asks for the device again.
  void announce_again() { config_.clear(); }
  // Publishes what is new.
  void update(const HomeNow& now);

 private:
  const Topics topics_;
  const catalog::Language language_;
  Outlet& outlet_;
  std::string config_;  // as published on this connection
  std::string state_;
  wire::JsonObject components_;  // of the message before
};

}  // namespace gridloom::bridges::home_assistant
