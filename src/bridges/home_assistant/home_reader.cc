#include "bridges/home_assistant/home_reader.h"

namespace gridloom::bridges::home_assistant {

void HomeReader::tick() {
  const auto now = std::chrono::steady_clock::now();
  if (is_reading_ || now < next_) return;
  next_ = now + options_.every;
  is_reading_ = true;
  parts_.homes.get(
      options_.account,
      {.loop = &parts_.loop,
       .done = [this, alive = std::weak_ptr(alive_)](Result<home::HomeFeed::Home> answer) {
         if (!alive.lock()) return;
         if (answer) return read_counters(std::move(answer->picture));
         is_reading_ = false;
         has_answered_ = true;
       }});
}

void HomeReader::read_counters(Picture picture) {
  parts_.counters.get(options_.account,
                      {.loop = &parts_.loop,
                       .done = [this, alive = std::weak_ptr(alive_), picture = std::move(picture)](
                                   const Result<home::EnergyCounters::Totals>& totals) {
                         if (!alive.lock()) return;
                         is_reading_ = false;
                         // Counters that were known once stay.
                         if (totals) totals_ = *totals;
                         has_answered_ = true;
                         options_.on_home(picture, totals_);
                       }});
}

}  // namespace gridloom::bridges::home_assistant
