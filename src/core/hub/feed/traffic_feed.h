// Collects one shard's events of the devices that a traffic tap asked for, and hands them to the
// taps together at the end of a turn.
//
// The functions that add an event do nothing unless a tap wants its device. Belongs to a shard and
// is used on its loop only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "hub/feed/traffic_tap.h"

namespace gridloom::hub {

class TrafficFeed {
 public:
  explicit TrafficFeed(const Clock& clock) : clock_(clock) {}

  // The state of a device when the tap is added. `text`: the quotas, as a JSON object.
  struct DeviceSnapshot {
    std::string sn;
    SharedText text;
    bool online = false;           // it has a connection
    bool reports_offline = false;  // over which it said that it is offline
  };
  void add(const TapFilter& filter, const std::vector<DeviceSnapshot>& known);
  void remove(const TrafficTap& tap);

  [[nodiscard]] bool wants(std::string_view sn) const;
  void connection(const std::string& sn, bool online);
  // A message at the platform's border: kDeviceSends, kDeviceGets, kAppSends or kAppGets. `account`
  // is the app's.
  void message(TrafficEvent::Kind kind, const std::string& sn, Verb verb, const SharedText& payload,
               registry::AccountId account = {});
  // A request over HTTP (kReadsAll, kReads or kSets), and its answer. The number is unique.
  [[nodiscard]] std::uint64_t request(TrafficEvent::Kind kind, const std::string& sn,
                                      registry::AccountId account, SharedText body);
  void answer(const std::string& sn, std::uint64_t request, const SharedText& data);
  void answer(const std::string& sn, std::uint64_t request, const Error& error);

  [[nodiscard]] bool empty() const { return events_.empty(); }
  void flush();

 private:
  void emit(TrafficEvent event);

  const Clock& clock_;
  std::vector<TapFilter> taps_;
  std::vector<TrafficEvent> events_;
  std::uint64_t last_request_ = 0;
};

}  // namespace gridloom::hub
