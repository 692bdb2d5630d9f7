// The home of an account as text, computed once for all who ask for it. While somebody watches a
// home, the hub's feed of changes (hub/feed/change_feed.h) says which devices have news, and only
// those are read again; a home that nobody watches is computed when it is asked for, and costs
// nothing else. Shared by all loops. Thread rule: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/shared_text.h"
#include "base/string_map.h"
#include "catalog/language.h"
#include "history/reader.h"
#include "home/event_log.h"
#include "home/home_state.h"
#include "hub/feed/change_feed.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"
#include "overview/freshness.h"
#include "overview/home_flows.h"
#include "overview/home_picture.h"
#include "registry/directory.h"

namespace gridloom::home {

class HomeFeed;

// Watches an account's home until it is destroyed, which may be later than the feed.
class HomeWatch {
 public:
  HomeWatch() = default;
  HomeWatch(HomeWatch&& other) noexcept { *this = std::move(other); }
  HomeWatch& operator=(HomeWatch&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(validity_, other.validity_);
    return *this;
  }
  HomeWatch(const HomeWatch&) = delete;
  HomeWatch& operator=(const HomeWatch&) = delete;
  ~HomeWatch();

  [[nodiscard]] bool is_watching() const { return validity_ != nullptr; }
  // Whether the home may be another one than the last that was computed. Cheap; only of a watch
  // that is_watching().
  [[nodiscard]] bool is_stale() const;
  // HomeFeed::Home::version of the last that was computed, for whomever; 0: none was. As cheap.
  [[nodiscard]] std::uint64_t version() const;

 private:
  friend class HomeFeed;
  struct Validity;

  registry::AccountId account_{};
  std::shared_ptr<const Validity> validity_;
};

class HomeFeed {
 public:
  static constexpr Millis kFresh{1000};
  static constexpr Millis kLedgerFresh = std::chrono::seconds(30);
  static constexpr std::size_t kMaxLedger = 5000;  // devices of a home whose energies are summed
  // A home of so many devices waits for its energies if none are known; any other one is answered
  // with those that were known last, and has them once they are there.
  static constexpr std::size_t kMaxAwaited = 100;

  struct Options {
    hub::Hub* hub = nullptr;
    const Clock* steady = nullptr;
    // Writes a home as the members of a JSON object. Any thread.
    using MembersOf =
        std::function<std::string(const HomeState& state, const overview::HomePicture& picture)>;
    MembersOf members_of{};
    // Writes it in German; empty: there is English only. It is asked only for a home with faults,
    // because nothing else has words.
    MembersOf german_members_of{};
    const EventLog* events = nullptr;  // null: since when faults last is not known
    history::Reads reads{};            // Archive::read; empty: there are no energies
    std::size_t max_homes = 4096;  // kept at once; those that nobody watches make room for others
  };
  explicit HomeFeed(Options options) : options_(std::move(options)) {}
  HomeFeed(const HomeFeed&) = delete;
  HomeFeed& operator=(const HomeFeed&) = delete;
  ~HomeFeed();  // after the last call of a watch

  struct Home {
    std::uint64_t version = 0;  // differs where the object differs, apart from its "now"
    std::int64_t now_ms = 0;    // by the devices' clock
    SharedText json;            // an object
    SharedText german;          // the same in German
    // The states of its devices, by their serial numbers.
    std::shared_ptr<const StringMap<overview::Freshness>> states{};
    // The state that json was written from, for those who need numbers; neither is null. Computed
    // homes share the devices that are the same.
    std::shared_ptr<const HomeState> state{};
    std::shared_ptr<const overview::HomePicture> picture{};

    [[nodiscard]] const SharedText& in(catalog::Language language) const {
      return language == catalog::Language::kGerman ? german : json;
    }
  };
  // A home that is not older than kFresh, or of which nothing has changed. kConflict: so many homes
  // are watched or computed that there is no room for another one.
  void get(registry::AccountId account, hub::ReplyTo<Home> reply_to);
  // `loop` is one that outlives the feed of changes.
  [[nodiscard]] HomeWatch watch(registry::AccountId account, Loop& loop);

  // How many requests wait while the account's home is computed.
  [[nodiscard]] std::size_t waiting(registry::AccountId account) const;
  // How many homes are kept.
  [[nodiscard]] std::size_t homes() const;
  // How often a device's twin was read, since the start.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }

 private:
  friend class HomeWatch;
  class Reader;
  struct Watched;
  struct Work;
  using WorkPtr = std::shared_ptr<Work>;
  struct Entry {
    std::optional<Home> home;
    std::string members;  // of its object, without "now"
    TimePoint computed{};
    bool is_computing = false;
    std::vector<hub::ReplyTo<Home>> waiting;
    std::optional<overview::Ledger> ledger;
    std::int64_t ledger_from_ms = 0;                               // the beginning of its day
    std::optional<TimePoint> ledger_computed;                      // or is being computed since
    bool has_new_ledger = false;                                   // which is not in `home`
    std::shared_ptr<Watched> watched;                              // null: nobody watches it
    std::optional<std::list<registry::AccountId>::iterator> idle;  // its place in idle_
  };
  // These require that mutex_ is held. Null: there is no room.
  Entry* entry_of(registry::AccountId account);
  void update_idle(registry::AccountId account, Entry& entry);
  [[nodiscard]] bool is_current(const Entry& entry) const;
  [[nodiscard]] WorkPtr begin(registry::AccountId account, Entry& entry, Loop& loop) const;

  void read_some(const WorkPtr& work);
  void add_ledger(const WorkPtr& work);
  void compute_ledger(const WorkPtr& work, bool is_awaited);
  void set_ledger(registry::AccountId account, const std::optional<overview::Ledger>& ledger);
  // Reads again what is not in the device's twin. True: the log of events may know the beginning
  // of one of its faults soon, which was reported just now.
  [[nodiscard]] bool update(HomeDevicePtr& device, registry::AccountId account,
                            TimePoint now) const;
  void drop_numbers();
  void finish(const WorkPtr& work);
  void unwatch(registry::AccountId account);
  void on_changes(registry::AccountId account, const hub::ChangeBatch& batch);

  Options options_;
  std::atomic<std::uint64_t> reads_ = 0;
  mutable std::mutex mutex_;
  std::map<registry::AccountId, Entry> homes_;
  // Homes that are neither watched nor computed, the one that was computed first in front.
  std::list<registry::AccountId> idle_;
  // Homes that have numbers, and when they were computed, the oldest first.
  std::deque<std::pair<registry::AccountId, TimePoint>> with_numbers_;
  std::uint64_t last_version_ = 0;
};

}  // namespace gridloom::home
