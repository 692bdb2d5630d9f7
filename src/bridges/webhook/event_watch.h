// The events of an account's devices as they happen: faults and ends of sets from the feed of
// changes, states from the device book. What it finds when it begins is no event: devices that are
// offline then, and faults that the log knows.
//
// Thread rule: the loop that is given.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/string_map.h"
#include "bridges/core/device_book.h"
#include "bridges/webhook/event.h"
#include "home/event_book.h"
#include "home/event_log.h"
#include "hub/change_feed.h"
#include "hub/hub.h"

namespace gridloom::bridges::webhook {

class EventWatch final : private DeviceBook::Listener {
 public:
  // All that it refers to outlives the watch.
  struct Options {
    hub::Hub& hub;
    Loop& loop;
    registry::AccountId account{};
    const home::EventLog* log = nullptr;  // null: faults that a device has already begin now
    std::function<void(Event event)> on_event{};
    // More happened than is kept: ends of sets are missing.
    std::function<void()> on_lost{};
  };
  explicit EventWatch(Options options);
  EventWatch(const EventWatch&) = delete;
  EventWatch& operator=(const EventWatch&) = delete;
  ~EventWatch() override;

  // Call a few times a second: devices become quiet by the time alone.
  void tick() { book_->tick(); }
  void registry_changed() { book_->registry_changed(); }

 private:
  class Reader;
  struct Known {
    overview::Freshness state{};
    EventKind told{};  // kOnline, kOffline or kQuiet
  };
  void restore_faults();
  void subscribe();
  void on_changes(const hub::ChangeBatch& batch);
  void apply(hub::DeviceChanges changes);
  void look_at(const BookDevice& device);

  void on_device(const BookDevice& device) override { look_at(device); }
  void on_removed(const std::string& sn) override;
  void on_values(const BookDevice& device, std::span<const std::size_t> /*slots*/) override {
    look_at(device);
  }
  void on_state(const BookDevice& device) override { look_at(device); }

  const Options options_;
  home::EventBook faults_;
  StringMap<Known> states_;
  std::shared_ptr<Reader> reader_;
  hub::ChangeSubscription subscription_;
  std::optional<DeviceBook> book_;
};

}  // namespace gridloom::bridges::webhook
