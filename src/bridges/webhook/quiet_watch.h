// Finds the events that the log does not have: an account's devices that become quiet, and report
// again. The state that it finds when it begins is no event.
//
// Thread rule: the loop that is given.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/string_map.h"
#include "bridges/core/device_book.h"
#include "bridges/webhook/event.h"
#include "hub/hub.h"

namespace gridloom::bridges::webhook {

class QuietWatch final : private DeviceBook::Listener {
 public:
  // All that it refers to outlives the watch.
  struct Options {
    hub::Hub& hub;
    Loop& loop;
    registry::AccountId account{};
    std::function<void(Event event)> on_event{};  // kQuiet, or kOnline after it
  };
  explicit QuietWatch(Options options);
  QuietWatch(const QuietWatch&) = delete;
  QuietWatch& operator=(const QuietWatch&) = delete;
  ~QuietWatch() override = default;

  // Call a few times a second: devices become quiet by the time alone.
  void tick() { book_->tick(); }
  void registry_changed() { book_->registry_changed(); }

 private:
  struct Known {
    overview::Freshness state{};
    EventKind told{};  // kOnline, kOffline or kQuiet
  };
  void look_at(const BookDevice& device);

  void on_device(const BookDevice& device) override { look_at(device); }
  void on_removed(const std::string& sn) override;
  void on_values(const BookDevice& device, std::span<const std::size_t> /*slots*/) override {
    look_at(device);
  }
  void on_state(const BookDevice& device) override { look_at(device); }

  const Options options_;
  StringMap<Known> states_;
  std::optional<DeviceBook> book_;
};

}  // namespace gridloom::bridges::webhook
