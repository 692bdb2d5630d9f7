// The home of the account as a device of its own: powers of the moment, and energy counters for
// Home Assistant's energy dashboard, as they are read every few seconds. Without sockets.
//
// The counters never fall (home/counter_book.h). If they begin anew, which a restored or a new data
// folder makes them do, their epoch is another one, and with it the ids of their entities: Home
// Assistant would take a fall for a new cycle and count the whole value again.
//
// Thread rule: the bridges' loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bridges/core/bridge.h"
#include "bridges/home_assistant/discovery.h"
#include "bridges/home_assistant/publisher.h"
#include "catalog/language.h"
#include "client/mqtt_session.h"
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

class PublishedHome {
 public:
  PublishedHome(Topics topics, catalog::Language language, Outlet& outlet)
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

// Reads the account's home and its energy counters every few seconds, one reading at a time.
class HomeReader {
 public:
  using Picture = std::shared_ptr<const overview::HomePicture>;
  struct Options {
    registry::AccountId account{};
    std::chrono::seconds every{};
    // Null totals: the counters are not known yet.
    std::function<void(const Picture&, const home::EnergyCounters::Totals&)> on_home{};
  };
  // `parts` outlive this.
  HomeReader(const Parts& parts, Options options) : parts_(parts), options_(std::move(options)) {}

  // Reads if it is time. A few times a second.
  void tick();
  // Whether it has answered at all: what is not known then is not known for the time being.
  [[nodiscard]] bool has_answered() const { return has_answered_; }

 private:
  void read_counters(Picture picture);

  const Parts& parts_;
  const Options options_;
  client::Moment next_;
  bool is_reading_ = false;
  bool has_answered_ = false;
  home::EnergyCounters::Totals totals_;  // as they were known last
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gridloom::bridges::home_assistant
