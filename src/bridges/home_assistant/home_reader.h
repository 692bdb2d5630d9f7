// Reads the account's home and its energy counters every few seconds, one reading at a time.
// Thread rule: the bridges' loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "bridges/core/bridge.h"
#include "client/mqtt_session.h"
#include "home/energy_counters.h"
#include "overview/home_picture.h"

namespace gridloom::bridges::home_assistant {

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
