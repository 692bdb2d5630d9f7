#include "hub/feed/traffic_feed.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridloom::hub {

using Kind = TrafficEvent::Kind;

bool TrafficFeed::wants(std::string_view sn) const {
  return std::ranges::any_of(taps_, [sn](const TapFilter& each) { return each.sns.contains(sn); });
}

void TrafficFeed::add(const TapFilter& filter, const std::vector<DeviceSnapshot>& known) {
  flush();  // earlier events are not for the new tap
  std::vector<TrafficEvent> first;
  const TimePoint now = clock_.now();
  for (const DeviceSnapshot& device : known) {
    first.push_back({.kind = Kind::kInitialState, .at = now, .sn = device.sn, .text = device.text});
    first.push_back(
        {.kind = device.online ? Kind::kOnline : Kind::kOffline, .at = now, .sn = device.sn});
    if (!device.online || !device.reports_offline) continue;
    first.push_back({.kind = Kind::kDeviceSends,
                     .at = now,
                     .sn = device.sn,
                     .verb = Verb::kStatus,
                     .text = R"({"params":{"status":0}})"});
  }
  taps_.push_back(filter);
  if (!first.empty()) filter.tap->on_traffic(std::move(first));
}

void TrafficFeed::remove(const TrafficTap& tap) {
  flush();
  std::erase_if(taps_, [&tap](const TapFilter& each) { return each.tap.get() == &tap; });
}

void TrafficFeed::emit(TrafficEvent event) {
  event.at = clock_.now();
  events_.push_back(std::move(event));
}

void TrafficFeed::connection(const std::string& sn, bool online) {
  if (wants(sn)) emit({.kind = online ? Kind::kOnline : Kind::kOffline, .sn = sn});
}

void TrafficFeed::message(Kind kind, const std::string& sn, Verb verb, const SharedText& payload,
                          registry::AccountId account) {
  if (!wants(sn)) return;
  emit({.kind = kind, .sn = sn, .account = account, .verb = verb, .text = payload});
}

std::uint64_t TrafficFeed::request(Kind kind, const std::string& sn, registry::AccountId account,
                                   SharedText body) {
  const std::uint64_t number = ++last_request_;
  if (wants(sn)) {
    emit({.kind = kind, .sn = sn, .account = account, .request = number, .text = std::move(body)});
  }
  return number;
}

void TrafficFeed::answer(const std::string& sn, std::uint64_t request, const SharedText& data) {
  if (!wants(sn)) return;
  emit({.kind = Kind::kAnswered, .sn = sn, .request = request, .text = data});
}

void TrafficFeed::answer(const std::string& sn, std::uint64_t request, const Error& error) {
  if (!wants(sn)) return;
  emit({.kind = Kind::kAnswered, .sn = sn, .request = request, .error = error});
}

void TrafficFeed::flush() {
  if (events_.empty()) return;
  for (const TapFilter& each : taps_) {
    std::vector<TrafficEvent> wanted;
    std::ranges::copy_if(events_, std::back_inserter(wanted), [&each](const TrafficEvent& event) {
      return each.sns.contains(event.sn);
    });
    if (!wanted.empty()) each.tap->on_traffic(std::move(wanted));
  }
  events_.clear();
}

}  // namespace gridloom::hub
