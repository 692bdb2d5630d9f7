// The devices that clients of the live stream watch. Changes come from the hub's feed of changes
// (hub/feed/change_feed.h), one reader for each account; a device is one object for all clients of
// an account that watch it.
//  A client reads a device's twin once and then follows the numbers of its changes. Changes that
// some client has not taken yet are kept here, of each value the latest, so that nothing is queued
// for a client; beyond kMostWaiting the clients read the twin again. Only the clients that watch a
// device are notified that it changed, each once until it looks at what it watches.
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
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/shared_text.h"
#include "base/string_map.h"
#include "base/virtual_clock.h"
#include "hub/feed/change_feed.h"
#include "hub/feed/twin_snapshot.h"
#include "hub/hub.h"
#include "own_api/live/live_account.h"

namespace gridloom::api {

class LiveDevice;
using LiveDevicePtr = std::shared_ptr<LiveDevice>;
using TwinSnapshotPtr = std::shared_ptr<const hub::TwinSnapshot>;

// Tells a client that there is something new of what it watches: once, until it looks. Belongs to
// the loop of the client's connection.
class LiveNotice {
 public:
  explicit LiveNotice(std::function<void()> tell) : tell_(std::move(tell)) {}
  LiveNotice(const LiveNotice&) = delete;
  LiveNotice& operator=(const LiveNotice&) = delete;
  ~LiveNotice() = default;

  // False: the client was notified before, and has not looked yet.
  bool give() {
    if (std::exchange(is_given_, true)) return false;
    tell_();
    return true;
  }
  [[nodiscard]] bool is_given() const { return is_given_; }
  // The client looks. Whether there is something new.
  bool take() { return std::exchange(is_given_, false); }

 private:
  bool is_given_ = false;
  std::function<void()> tell_;
};

// A device that clients of one account watch.
class LiveDevice {
 public:
  LiveDevice(std::string sn, catalog::FamilyPtr family, TakenBytes place)
      : sn_(std::move(sn)), family_(std::move(family)), place_(std::move(place)) {}

  [[nodiscard]] const std::string& sn() const { return sn_; }
  [[nodiscard]] const catalog::Family& family() const { return *family_; }

  struct Moment {
    std::uint64_t seq = 0;     // LiveFeed::seq() of the last change of a value; 0: it has none
    std::uint64_t number = 0;  // of its last change in the hub's feed
    std::uint64_t names = 0;   // grows with the number of names; 0: it has no values
    std::uint64_t losses = 0;  // grows when those who follow are to read the twin again
    std::optional<TimePoint> last_report;
    std::string_view state;  // of overview/freshness.h
  };
  [[nodiscard]] Moment moment() const;
  // Grows whenever those who watch are notified of something new.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // [[index, value, time of the change], ...] of the values that changed behind `after` up to
  // `through`, as JSON; `fields` are those that count, null: all. For a watcher that follows from
  // `after` or earlier.
  [[nodiscard]] SharedText changes(std::uint64_t after, std::uint64_t through,
                                   const LiveFields* fields) const;

  // The bytes of the changes that are kept for the next client that asks for the same; larger ones
  // are not kept.
  static constexpr std::size_t kCachedBytes = std::size_t{64} * 1024;
  [[nodiscard]] std::size_t cached_bytes() const;  // tidy: allowed, tests count
  // The bytes of changes that some watcher has not taken yet.
  static constexpr std::size_t kMostWaiting = std::size_t{256} * 1024;
  [[nodiscard]] std::size_t waiting_bytes() const;

 private:
  friend class LiveFeed;
  friend class LiveReader;
  friend class LiveWatch;
  using Position = std::optional<std::uint64_t>;  // nothing: who watches follows no changes yet
  struct Change {
    std::string text;
    std::int64_t at_ms = 0;
    std::uint64_t number = 0;
  };
  // These require that mutex_ is held. Whether there is news for the watchers.
  bool apply(const hub::DeviceChanges& changes, std::uint64_t seq);
  void load(const hub::TwinSnapshot* snapshot, std::uint64_t seq);
  // Those who follow are to read the twin again.
  void lose();
  void move(Position from, Position to);
  void drop_taken();
  [[nodiscard]] std::string_view name_of(std::size_t slot) const;

  const std::string sn_;
  const catalog::FamilyPtr family_;
  const TakenBytes place_;  // among the devices that the account watches
  std::atomic<std::uint64_t> version_ = 0;
  mutable std::mutex mutex_;
  std::size_t watches_ = 0;
  std::map<std::uint64_t, std::size_t> positions_;  // how many watches have which
  std::map<std::size_t, Change> waiting_;           // by slot
  std::size_t waiting_bytes_ = 0;
  std::uint64_t dropped_ = 0;  // changes up to this number were dropped from waiting_
  std::uint64_t seq_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t losses_ = 0;
  bool has_values_ = false;
  std::shared_ptr<const std::vector<std::string>> declared_;  // null: its twin was not read yet
  std::vector<std::string> extra_;
  std::optional<TimePoint> last_report_;
  std::string_view state_;
  // The answer that most clients ask for next; they share it.
  mutable std::pair<std::uint64_t, std::uint64_t> cached_for_;
  mutable SharedText cached_;
};

// Lists the clients on one loop that watch devices of an account. Belongs to that loop.
class LiveBoard {
 public:
  void add(const LiveDevice& device, LiveNotice& notice);
  void remove(const LiveDevice& device, const LiveNotice& notice);
  [[nodiscard]] bool empty() const { return notices_.empty(); }
  // Tells those who watch one of these devices. Returns how many notices were given.
  std::size_t tell(const std::vector<LiveDevicePtr>& devices) const;

 private:
  std::unordered_map<const LiveDevice*, std::vector<LiveNotice*>> notices_;
};
using LiveBoardPtr = std::shared_ptr<LiveBoard>;

class LiveFeed;
class LiveWatch;

// The devices that the clients of one account watch, and their reader of the hub's feed.
class LiveReader final : public hub::ChangeReader, public std::enable_shared_from_this<LiveReader> {
 public:
  LiveReader(LiveFeed& feed, AccountId account) : feed_(feed), account_(account) {}
  // `loop` is where changes are taken; call once.
  void subscribe(Loop& loop);

  void on_changes(hub::ChangeBatch batch) override;
  // Tells of the devices that have become quiet since the last call.
  void check_quiet();
  // The devices' twins were read; null: the hub knows nothing of the device.
  void load(const std::vector<LiveDevicePtr>& devices, const std::vector<TwinSnapshotPtr>& twins);

 private:
  friend class LiveFeed;
  friend class LiveWatch;
  // Requires that mutex_ is held.
  [[nodiscard]] LiveBoardPtr board_of(Loop& loop);
  void end(const LiveWatch& watch);
  // Tells those who watch these devices that there is something new of them.
  void tell(std::vector<LiveDevicePtr> devices);
  // Requires that the device's mutex is held. Whether the state is another one.
  bool update_state(LiveDevice& device);

  LiveFeed& feed_;
  const AccountId account_;
  std::mutex mutex_;  // is taken before that of a device
  StringMap<LiveDevicePtr> devices_;
  std::map<Loop*, LiveBoardPtr> boards_;
  hub::ChangeSubscription subscription_;
  // Before this time by the devices' clock, in Unix milliseconds, no device becomes quiet.
  std::atomic<std::int64_t> quiet_at_ms_ = 0;
};
using LiveReaderPtr = std::shared_ptr<LiveReader>;

// Watches a device until it is destroyed. On the client's loop.
class LiveWatch {
 public:
  LiveWatch() = default;
  LiveWatch(LiveWatch&& other) noexcept { *this = std::move(other); }
  LiveWatch& operator=(LiveWatch&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(position_, other.position_);
    return *this;
  }
  LiveWatch(const LiveWatch&) = delete;
  LiveWatch& operator=(const LiveWatch&) = delete;
  ~LiveWatch() {
    if (at_.device) at_.reader->end(*this);
  }

  // Null: it watches nothing.
  [[nodiscard]] const LiveDevicePtr& device() const { return at_.device; }
  // Changes from now on are kept for the client, until it says how far it follows.
  void hold();
  // The client has everything up to this number. False: changes behind it are no longer kept.
  bool follow(std::uint64_t number);

 private:
  friend class LiveFeed;
  friend class LiveReader;
  struct Place {
    LiveReaderPtr reader;
    LiveDevicePtr device;
    LiveBoardPtr board;
    Loop* loop = nullptr;  // of the board
    LiveNotice* notice = nullptr;
  };
  explicit LiveWatch(Place at) : at_(std::move(at)) {}

  Place at_;
  std::optional<std::uint64_t> position_;
};

// A device that a client's subscription watches: looking for news touches no more than these.
struct LiveWatched {
  std::int64_t id = 0;  // the subscription
  const LiveDevice* device = nullptr;
  std::uint64_t version = 0;  // of the device, when it was looked at
};

class LiveFeed {
 public:
  struct Options {
    hub::Hub* hub = nullptr;
    const VirtualClock* virtual_time = nullptr;  // the devices' clock, if it is one
    LiveLimits limits{};
    std::string epoch{};  // of this run of the server; empty: the feed makes one
  };
  explicit LiveFeed(Options options);

  // The share of the caller's browsers, or of its token; kept as long as somebody has it.
  [[nodiscard]] LiveSharePtr share(const LiveCaller& caller);

  struct Watcher {
    LiveSharePtr share;
    LiveNotice* notice = nullptr;  // outlives the watch
    Loop* loop = nullptr;          // the client's, on which this is called
  };
  // A client may watch a device once. kConflict: too many devices are watched already, by the
  // limit that the error names.
  [[nodiscard]] Result<LiveWatch> watch(const std::string& sn, const Watcher& by);
  // Reads the twins of devices that somebody of the account watches, in turns of the account, and
  // calls `done` on the loop with those that there are. A client that watches holds the changes
  // first.
  void read(AccountId account, Loop& loop, std::vector<LiveDevicePtr> devices,
            Callback<std::vector<TwinSnapshotPtr>> done);
  // Tells the account's watchers of the devices that have become quiet; call a few times a second.
  void check_quiet(AccountId account);

  [[nodiscard]] const std::string& epoch() const { return epoch_; }  // of this run of the server
  [[nodiscard]] std::uint64_t seq() const { return seq_; }
  [[nodiscard]] TimePoint now() const { return options_.hub->platform().clock.now(); }
  // Seconds of the devices' time in a second; 0: it is paused.
  [[nodiscard]] double rate() const;
  [[nodiscard]] hub::Hub& hub() const { return *options_.hub; }
  [[nodiscard]] const LiveLimits& limits() const { return options_.limits; }
  // How often a client was notified of news, since the start.
  [[nodiscard]] std::uint64_t notices() const { return notices_; }  // tidy: allowed, tests count
  // How often a device's twin was read.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }

 private:
  friend class LiveReader;
  // The account's reader, made if there is none; `loop` is for a new one.
  [[nodiscard]] LiveReaderPtr reader_of(AccountId account, Loop& loop);

  Options options_;
  const std::string epoch_;
  const LiveAccount::Shared shared_;
  std::atomic<std::uint64_t> seq_ = 0;
  std::atomic<std::uint64_t> notices_ = 0;
  std::atomic<std::uint64_t> reads_ = 0;
  std::mutex mutex_;
  std::map<AccountId, std::weak_ptr<LiveAccount>> accounts_;
  std::size_t purge_accounts_at_ = 0;
  std::map<AccountId, std::weak_ptr<LiveReader>> readers_;
  std::size_t purge_readers_at_ = 0;
};

}  // namespace gridloom::api
