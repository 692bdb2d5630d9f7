// Differences between the true state of one shard's devices and the state that apps see while
// platform faults are injected: a FaultView of the shard's own directory, and what must be stored
// for it: frozen twins, the accounts that a presence is hidden from, pushes that are awake.
//
// Without rules nothing is kept, and each question costs one load. Belongs to a shard and is used
// on its loop only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/string_map.h"
#include "hub/platform/platform.h"
#include "registry/directory.h"
#include "twin/twin.h"

namespace gridloom::hub {

// Finds the injected platform faults that concern an account or one of its devices now: the one
// place that joins the fault rules with the registry and the clock. Without rules each question
// costs one load.
//
// A view is as old as its directory, so a caller makes one for each request. Any thread.
class FaultView {
 public:
  // A view of the newest directory.
  explicit FaultView(const Platform& platform)
      : platform_(platform),
        directory_(platform.fault_injector.any() ? platform.registry.directory() : nullptr) {}

  [[nodiscard]] bool any() const { return platform_.fault_injector.any(); }
  // The fault's value if it happens to the account's request for `sn` (empty: for no device in
  // particular). Never happens to an account that the directory does not know.
  [[nodiscard]] std::optional<double> happens(PlatformFault fault, registry::AccountId account,
                                              std::string_view sn = {}) const;
  // Presence as the account sees it: connected, unless a fault hides the device.
  [[nodiscard]] bool online(registry::AccountId account, std::string_view sn) const;

 protected:
  // The view uses this directory from now on; a shard's may be older than the newest.
  void use(std::shared_ptr<const registry::Directory> directory) {
    directory_ = std::move(directory);
  }
  [[nodiscard]] const Platform& platform() const { return platform_; }

 private:
  [[nodiscard]] std::optional<FaultInjector::Case> case_of(registry::AccountId account,
                                                           std::string_view sn) const;

  const Platform& platform_;
  std::shared_ptr<const registry::Directory> directory_;  // null: there were no rules
};

class FaultOverlay : public FaultView {
 public:
  // use() comes before any question.
  explicit FaultOverlay(const Platform& platform) : FaultView(platform) {}
  using FaultView::use;

  // The twin that the account reads: `actual`, or a copy from when a fault began to freeze it.
  [[nodiscard]] twin::Twin& twin(registry::AccountId account, const std::string& sn,
                                 twin::Twin& actual);
  // The account has read all quotas: pushes that sleep (PlatformFault::kSleepyPush) wake.
  void on_read_all(registry::AccountId account, const std::string& sn);
  // Whether the device's messages of this verb are pushed to the account.
  [[nodiscard]] bool pushes(registry::AccountId account, std::string_view sn, Verb verb) const;

  // The rules changed. `freeze_or_thaw` is to be called for each device afterwards: freezes the
  // twin for faults that begin, and drops the copy where none lasts.
  void rules_changed() { active_ = true; }
  void freeze_or_thaw(const registry::Device* device, const std::string& sn, twin::Twin& actual);

  // Rules apply, or did at the last tick, so that what they hid may have to be shown again.
  [[nodiscard]] bool active() const { return active_; }
  // Call after presence_changes() of each device. Without rules, all state is dropped.
  void end_tick();
  // The accounts that have to be notified of the device's presence since the last call, because a
  // fault hides it or no longer does.
  struct Shown {
    registry::AccountId account{};
    bool online = false;
  };
  [[nodiscard]] std::vector<Shown> presence_changes(const registry::Device& device);
  // True once a minute while rules apply: connections are then drawn that drop.
  [[nodiscard]] bool is_drop_due(TimePoint now);

  void remove(std::string_view sn);

 private:
  struct OfDevice {
    std::optional<twin::Twin> frozen;
    std::set<registry::AccountId> hidden_from;
    std::map<registry::AccountId, TimePoint> all_read_at;
  };
  [[nodiscard]] bool freezes(registry::AccountId account, std::string_view sn) const;

  StringMap<OfDevice> devices_;
  bool active_ = false;
  std::int64_t drawn_in_minute_ = 0;
};

}  // namespace gridloom::hub
