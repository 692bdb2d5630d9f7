// Events for traffic taps: see traffic_tap.h.
#include <algorithm>
#include <iterator>
#include <utility>

#include "hub/shard.h"

namespace gridloom::hub {

bool Shard::is_tapped(std::string_view sn) const {
  return std::ranges::any_of(taps_, [sn](const TapFilter& each) { return each.sns.contains(sn); });
}

void Shard::add_tap(const TapFilter& filter) {
  flush_traffic();  // earlier events are not for the new tap
  std::vector<TrafficEvent> known;
  const TimePoint now = platform_.clock.now();
  for (const std::string& sn : filter.sns) {
    if (!mine_(sn)) continue;
    DeviceState* state = find_state(sn);
    const QuotaBody all = state == nullptr ? nullptr : state->twin.all();
    known.push_back({.what = TrafficEvent::What::kKnown,
                     .at = now,
                     .sn = sn,
                     .text = all ? *all : std::string("{}")});
    const bool online = state != nullptr && !state->transports.empty();
    known.push_back({.what = online ? TrafficEvent::What::kOnline : TrafficEvent::What::kOffline,
                     .at = now,
                     .sn = sn});
    if (!online || !state->away) continue;
    known.push_back({.what = TrafficEvent::What::kDeviceSends,
                     .at = now,
                     .sn = sn,
                     .verb = Verb::kStatus,
                     .text = R"({"params":{"status":0}})"});
  }
  taps_.push_back(filter);
  if (!known.empty()) filter.tap->on_traffic(std::move(known));
}

void Shard::remove_tap(const TrafficTap& tap) {
  flush_traffic();
  std::erase_if(taps_, [&tap](const TapFilter& each) { return each.tap.get() == &tap; });
}

void Shard::emit(TrafficEvent event) {
  event.at = platform_.clock.now();
  traffic_.push_back(std::move(event));
}

void Shard::emit_answer(const std::string& sn, std::uint64_t request,
                        const Result<std::string>& data) {
  if (!is_tapped(sn)) return;
  TrafficEvent event{.what = TrafficEvent::What::kAnswered, .sn = sn, .request = request};
  if (data) {
    event.text = *data;
  } else {
    event.error = data.error();
  }
  emit(std::move(event));
}

void Shard::flush_traffic() {
  if (traffic_.empty()) return;
  for (const TapFilter& each : taps_) {
    std::vector<TrafficEvent> of_ear;
    std::ranges::copy_if(traffic_, std::back_inserter(of_ear), [&each](const TrafficEvent& event) {
      return each.sns.contains(event.sn);
    });
    if (!of_ear.empty()) each.tap->on_traffic(std::move(of_ear));
  }
  traffic_.clear();
}

}  // namespace gridloom::hub
