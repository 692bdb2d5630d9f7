// A traffic tap receives the messages and requests from and to some devices as they happen: for
// recordings.
//
// A shard passes the events of one turn in one call, in order; so related events stay together,
// whatever other shards report meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "hub/clients/topic_rights.h"
#include "registry/directory.h"

namespace gridloom::hub {

struct TrafficEvent {
  enum class Kind : std::uint8_t {
    kInitialState,  // once, before anything else: the quotas, as a JSON object
    kOnline,        // the device has a connection; also the initial state
    kOffline,       // the device has no connection; also the initial state
    kDeviceSends,   // as received; reports reach apps in this form
    kDeviceGets,
    kAppSends,
    kAppGets,   // all but reports
    kReadsAll,  // over HTTP, as are the next two
    kReads,     // the body
    kSets,      // the body
    kAnswered   // the data in `text`, or `error`
  };
  Kind kind{};
  TimePoint at{};  // devices' clock
  std::string sn{};
  registry::AccountId account{};  // the app's account
  Verb verb{};                    // of a message
  std::uint64_t request = 0;      // over HTTP: the answer has the number of its request
  SharedText text{};
  std::optional<Error> error{};
};

class TrafficTap {
 public:
  TrafficTap() = default;
  TrafficTap(const TrafficTap&) = delete;
  TrafficTap& operator=(const TrafficTap&) = delete;
  virtual ~TrafficTap() = default;
  // On a shard's thread: must not block.
  virtual void on_traffic(std::vector<TrafficEvent> event) = 0;
};

// A tap and the devices it receives events of.
struct TapFilter {
  std::shared_ptr<TrafficTap> tap;
  std::set<std::string, std::less<>> sns;
};

}  // namespace gridloom::hub
