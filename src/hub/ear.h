// What is said at the doors by and to some devices, told as it happens: for recordings.
//
// A shard tells what it did in one go in one call, in order; so what belongs together stays
// together, whatever other shards tell meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/topics.h"
#include "registry/directory.h"

namespace gridloom::hub {

struct Heard {
  enum class What : std::uint8_t {
    kKnown,        // once, before anything else: the quotas, as a JSON object
    kOnline,       // a connection speaks for it; told at the beginning, too
    kOffline,      // none does; likewise
    kDeviceSends,  // as it came; a report reaches apps so, too
    kDeviceGets,
    kAppSends,
    kAppGets,   // all but reports
    kReadsAll,  // over HTTP; what follows up to kSets, too
    kReads,     // the body
    kSets,      // the body
    kAnswered   // `data`, or why there is none
  };
  What what{};
  TimePoint at{};  // of the devices' clock
  std::string sn{};
  registry::AccountId account{};  // whose app
  Verb verb{};                    // of a message
  std::uint64_t request = 0;      // over HTTP: which of this device's
  std::string text{};
  std::optional<Fault> fault{};
};

class Ear {
 public:
  Ear() = default;
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;
  virtual ~Ear() = default;
  // On a shard's thread: must not wait.
  virtual void hear(std::vector<Heard> heard) = 0;
};

// Whom an ear listens to.
struct Listening {
  std::shared_ptr<Ear> ear;
  std::set<std::string, std::less<>> sns;
};

}  // namespace gridloom::hub
