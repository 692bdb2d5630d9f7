// Writes the events of all devices into the journal, from the hub's feed of changes, whether or not
// somebody watches: faults with begin and end, presence, sets with their outcome. History stores
// them (history/store/store.h). Also tells which faults a device has, and since when; that is true
// over restarts, because the open faults are found in the log.
//
// Events reach the journal behind the record of the report that they are of. If the server dies in
// between, they are found again at the device's next change or connection, since the feed then
// tells all faults that the device has.
//
// Thread rule: open faults before start(); tick() on the loop; the others on any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "base/loop.h"
#include "history/store/store.h"
#include "home/event_book.h"
#include "hub/feed/change_feed.h"
#include "hub/hub.h"

namespace gridloom::home {

class EventLog {
 public:
  // The devices whose events are written where several nodes serve devices (hubs/cluster.h).
  enum class Writes : std::uint8_t {
    kAll,
    // Those of devices whose shards are in this process; of others it knows no faults.
    kOwn,
    kNone,  // those of others are written where their shards are; their faults are known here
  };
  struct Options {
    hub::Hub* hub = nullptr;  // its journal, if it has one, gets the events
    Loop* loop = nullptr;     // events are written on it
    EventBook::Limits limits{};
    Writes writes = Writes::kAll;
  };
  explicit EventLog(const Options& options) : options_(options), book_(options.limits) {}
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog() = default;

  // Takes over the faults that were open when the server ended, and follows the feed from now on.
  void start(std::span<const history::StoredEvent> open_faults);
  // Nothing is written any more: devices that go with the server do not become offline by that.
  void stop() { is_stopped_ = true; }
  // To be called a few times a minute.
  void tick();

  // The faults that the device has now.
  [[nodiscard]] FaultTimes active_faults(std::string_view sn) const;

 private:
  class Reader;
  void subscribe();
  void on_changes(const hub::ChangeBatch& batch);
  void write(std::span<const journal::DeviceEvent> events) const;

  const Options options_;
  std::atomic<bool> is_stopped_ = false;
  std::shared_ptr<Reader> reader_;
  hub::ChangeSubscription subscription_;
  mutable std::mutex mutex_;  // guards the members below
  EventBook book_;
  std::uint64_t revocations_ = 0;  // of the directory whose devices the book has
};

}  // namespace gridloom::home
