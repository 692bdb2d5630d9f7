// The devices that clients of the live stream watch, each looked at once for all of them. A sweep
// asks the shards for the values that changed since the last one and gives each the sequence number
// of that sweep. A client remembers one number per device, and gets what has a later one: changes
// that it was too slow for are left out, and nothing is queued for it. Only the clients that watch
// a device are told that it changed.
//
// Thread rule: any thread, unless a comment says otherwise.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/live/live_account.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/string_map.h"
#include "base/virtual_clock.h"
#include "hub/hub.h"

namespace gridloom::api {

class LiveDevice;
using LiveDevicePtr = std::shared_ptr<LiveDevice>;

// A client that watches devices.
class LiveWatcher {
 public:
  LiveWatcher() = default;
  LiveWatcher(const LiveWatcher&) = delete;
  LiveWatcher& operator=(const LiveWatcher&) = delete;
  virtual ~LiveWatcher() = default;

  // There is something new of these devices, which may no longer be watched. On the watcher's loop.
  virtual void on_news(const std::vector<LiveDevicePtr>& devices) = 0;
};

// A device that is watched.
class LiveDevice {
 public:
  LiveDevice(std::string sn, catalog::FamilyPtr family)
      : sn_(std::move(sn)), family_(std::move(family)) {}

  [[nodiscard]] const std::string& sn() const { return sn_; }
  [[nodiscard]] const catalog::Family& family() const { return *family_; }

  struct Moment {
    bool is_loaded = false;   // the shard was asked
    std::uint64_t seq = 0;    // of the last change
    std::uint64_t names = 0;  // grows with the number of names
    std::optional<TimePoint> last_report;
    std::string_view state;  // api/home/home_json.h; empty: nobody of the account watches it
  };
  // As the account sees it.
  [[nodiscard]] Moment moment(AccountId account) const;

  // [[index, value, time of the change], ...] of the values that changed after `seq`, as JSON;
  // `fields` are those that count, null: all.
  [[nodiscard]] std::string changes_after(std::uint64_t seq, const LiveFields* fields) const;
  // The names of all values, by index, as JSON; those of the family alone have the same indexes for
  // each of its devices.
  enum class Names : std::uint8_t { kOfFamily, kAll };
  [[nodiscard]] std::string names(Names which) const;
  [[nodiscard]] bool has_own_names() const;
  // The bytes of the changes that are kept for the next client that asks for the same; larger ones
  // are not kept.
  static constexpr std::size_t kCachedBytes = std::size_t{64} * 1024;
  [[nodiscard]] std::size_t cached_bytes() const;

 private:
  friend class LiveFeed;
  friend class LiveWatch;
  struct Value {
    std::string text;
    std::int64_t changed_ms = 0;
    std::uint64_t seq = 0;  // 0: it has no value
  };
  struct Watching {
    std::weak_ptr<LiveWatcher> watcher;
    Loop* loop = nullptr;
  };
  struct OfAccount {
    TakenBytes place{};  // among the devices that the account watches
    std::string_view state{};
    std::unordered_map<const LiveWatcher*, Watching> watchers{};
  };
  // On the shard's thread. Whether anything changed.
  bool update(const hub::TwinView& view, std::uint64_t seq, std::int64_t now_ms);
  // Requires that mutex_ is held. The account in whose turns the device is looked at next, none of
  // `busy`: the owner if it watches, else each account that watches in rotation. Nothing: there is
  // none.
  [[nodiscard]] std::optional<AccountId> next_account(AccountId owner,
                                                      const std::set<AccountId>& busy);
  void unwatch(AccountId account, const LiveWatcher* watcher);

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
  std::map<AccountId, OfAccount> accounts_;  // that watch it
  AccountId looked_for_{};                   // the last one in the rotation of next_account()
  std::uint64_t told_seq_ = 0;               // of the last change that its watchers were told of
  int unwatched_sweeps_ = 0;
  // What most clients ask for next; they share it.
  mutable std::uint64_t cached_after_ = 0;
  mutable std::uint64_t cached_seq_ = 0;
  mutable std::string cached_;
};

// Watches a device until it is destroyed. On the watcher's loop.
class LiveWatch {
 public:
  LiveWatch() = default;
  LiveWatch(LiveDevicePtr device, AccountId account, const LiveWatcher* watcher)
      : device_(std::move(device)), account_(account), watcher_(watcher) {}
  LiveWatch(LiveWatch&& other) noexcept = default;
  LiveWatch& operator=(LiveWatch&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(account_, other.account_);
    std::swap(watcher_, other.watcher_);
    return *this;
  }
  LiveWatch(const LiveWatch&) = delete;
  LiveWatch& operator=(const LiveWatch&) = delete;
  ~LiveWatch() {
    if (device_) device_->unwatch(account_, watcher_);
  }

  // Null: it watches nothing.
  [[nodiscard]] const LiveDevice* device() const { return device_.get(); }

 private:
  LiveDevicePtr device_;
  AccountId account_{};
  const LiveWatcher* watcher_ = nullptr;
};

class LiveFeed {
 public:
  struct Options {
    hub::Hub* hub = nullptr;
    const VirtualClock* virtual_time = nullptr;  // the devices' clock, if it is one
    LiveLimits limits{};
  };
  explicit LiveFeed(Options options);

  // What the account's clients hold together; kept as long as somebody has it.
  [[nodiscard]] LiveAccountPtr account(AccountId id);

  struct Watcher {
    LiveAccountPtr account;
    std::shared_ptr<LiveWatcher> watcher;
    Loop* loop = nullptr;  // the watcher's
  };
  // A watcher may watch a device once. kConflict: too many devices are watched already, by the
  // limit that the error names.
  [[nodiscard]] Result<LiveWatch> watch(const std::string& sn, const Watcher& by);
  // Looks at all devices; call a few times a second.
  void sweep();

  [[nodiscard]] const std::string& epoch() const { return epoch_; }  // of this run of the server
  [[nodiscard]] std::uint64_t seq() const { return seq_; }
  [[nodiscard]] TimePoint now() const { return options_.hub->platform().clock.now(); }
  // Seconds of the devices' time in a second; 0: it is paused.
  [[nodiscard]] double rate() const;
  [[nodiscard]] hub::Hub& hub() const { return *options_.hub; }
  [[nodiscard]] const LiveLimits& limits() const { return options_.limits; }
  // How often a watcher was told of news, since the start.
  [[nodiscard]] std::uint64_t notices() const { return notices_; }
  // How often a device's twin was asked for.
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  struct Look;
  using Looks = std::map<AccountId, std::shared_ptr<Look>>;
  [[nodiscard]] Status add_watcher(LiveDevice& device, const Watcher& by) const;
  // Requires that mutex_ is held. Adds a device that nobody watched lately.
  void add_device(const LiveDevicePtr& device);
  // Requires that the device's mutex is held.
  [[nodiscard]] std::string_view state_for(const LiveDevice& device, AccountId account) const;
  // Requires that the device's mutex is held. Adds the device to the look of the account in whose
  // turns it is looked at; `busy` are accounts that are left out.
  static void add_to(Looks& looks, const LiveDevicePtr& device,
                     const registry::Directory& directory, const std::set<AccountId>& busy);
  void look_at_fresh();
  // Each account's devices in turns of that account.
  void look_at(const Looks& looks);
  // Tells the watchers. Returns the effort, in the units of hub::Inbox.
  std::int64_t finish(const Look& look);

  Options options_;
  const std::string epoch_;
  const LiveAccount::Shared shared_;
  std::atomic<std::uint64_t> seq_ = 0;
  std::atomic<std::uint64_t> notices_ = 0;
  std::atomic<std::uint64_t> looks_ = 0;
  std::mutex mutex_;
  // Accounts whose look of a sweep has not ended. Sweeps leave them out, and nobody else waits.
  std::set<AccountId> swept_;
  StringMap<LiveDevicePtr> devices_;
  std::size_t purge_devices_at_ = 0;
  std::vector<LiveDevicePtr> fresh_;  // not looked at yet
  std::map<AccountId, std::weak_ptr<LiveAccount>> accounts_;
  std::size_t purge_accounts_at_ = 0;
};

}  // namespace gridloom::api
