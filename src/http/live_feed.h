// The devices that clients of the live stream watch, each looked at once for all of them. A sweep
// asks the shards for the values that changed since the last one and gives each the sequence number
// of that sweep. A client remembers one number per device, and gets what has a later one: changes
// that it was too slow for are left out, and nothing is queued for it.
//
// Thread rule: any thread, unless a comment says otherwise.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/string_map.h"
#include "base/virtual_clock.h"
#include "hub/hub.h"

namespace gridloom::http {

struct LiveLimits {
  std::size_t subscriptions = 256;  // of one client
  std::size_t devices = 4096;       // watched at once, by all clients
};

// A device that is watched.
class LiveDevice {
 public:
  LiveDevice(std::string sn, catalog::FamilyPtr family)
      : sn_(std::move(sn)), family_(std::move(family)) {}

  // The names of fields of which a client gets the values; null: all.
  using Fields = std::set<std::string, std::less<>>;

  [[nodiscard]] const std::string& sn() const { return sn_; }
  [[nodiscard]] const catalog::Family& family() const { return *family_; }

  struct Moment {
    bool is_loaded = false;   // the shard was asked
    bool has_values = false;  // the device has ever reported
    std::uint64_t seq = 0;    // of the last change
    std::uint64_t names = 0;  // grows with the number of names
    std::optional<TimePoint> last_report;
  };
  [[nodiscard]] Moment moment() const;

  // [[index, value, time of the change], ...] of the values that changed after `seq`, as JSON.
  [[nodiscard]] std::string changes_after(std::uint64_t seq, const Fields* fields) const;
  // The names of all values, by index, as JSON; those of the family alone have the same indexes for
  // each of its devices.
  enum class Names : std::uint8_t { kOfFamily, kAll };
  [[nodiscard]] std::string names(Names which) const;
  [[nodiscard]] bool has_own_names() const;

 private:
  friend class LiveFeed;
  struct Value {
    std::string text;
    std::int64_t changed_ms = 0;
    std::uint64_t seq = 0;  // 0: it has no value
  };
  // On the shard's thread. Whether anything changed.
  bool update(const hub::TwinView& view, std::uint64_t seq, std::int64_t now_ms);

  const std::string sn_;
  const catalog::FamilyPtr family_;
  mutable std::mutex mutex_;
  bool is_loaded_ = false;
  std::uint64_t version_ = 0;  // of the twin
  std::uint64_t seq_ = 0;
  std::size_t declared_ = 0;        // slots of the family
  std::vector<std::string> names_;  // by slot
  std::vector<Value> values_;       // by slot
  std::optional<TimePoint> last_report_;
  // What most clients ask for next; they share it.
  mutable std::uint64_t cached_after_ = 0;
  mutable std::uint64_t cached_seq_ = 0;
  mutable std::string cached_;
};
using LiveDevicePtr = std::shared_ptr<LiveDevice>;

class LiveFeed {
 public:
  struct Options {
    hub::Hub* hub = nullptr;
    const VirtualClock* virtual_time = nullptr;  // the devices' clock, if it is one
    LiveLimits limits{};
  };
  explicit LiveFeed(Options options);

  // Watched as long as somebody holds it. kConflict: too many devices are watched already.
  [[nodiscard]] Result<LiveDevicePtr> watch(const std::string& sn);
  // `wake` is called on the loop after changes, until `owner` is gone.
  void on_change(Loop& loop, std::weak_ptr<void> owner, std::function<void()> wake);
  // Looks at all devices; call a few times a second.
  void sweep();

  [[nodiscard]] const std::string& epoch() const { return epoch_; }  // of this run of the server
  [[nodiscard]] std::uint64_t seq() const { return seq_; }
  [[nodiscard]] TimePoint now() const { return options_.hub->platform().clock.now(); }
  // Seconds of the devices' time in a second; 0: it is paused.
  [[nodiscard]] double rate() const;
  [[nodiscard]] hub::Hub& hub() const { return *options_.hub; }
  [[nodiscard]] const LiveLimits& limits() const { return options_.limits; }

 private:
  struct Listener {
    Loop* loop = nullptr;
    std::weak_ptr<void> owner;
    std::function<void()> wake;
  };
  void look_at(std::vector<LiveDevicePtr> devices, Task done);
  void wake_all();

  Options options_;
  const std::string epoch_;
  std::atomic<std::uint64_t> seq_ = 0;
  std::atomic<bool> is_looking_ = false;
  std::mutex mutex_;
  StringMap<std::weak_ptr<LiveDevice>> devices_;
  std::vector<Listener> listeners_;
};

}  // namespace gridloom::http
