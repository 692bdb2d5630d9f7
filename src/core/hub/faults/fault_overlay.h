// Differences between the true state of one shard's devices and the state that apps see while
// platform faults are injected: a FaultView of the shard's own directory, and what must be stored
// for it: frozen twins, the accounts that a presence is hidden from, pushes that are awake.
//
// Without rules nothing is kept, and each question costs one load. Belongs to a shard and is used
// on its loop only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/string_map.h"
#include "hub/faults/fault_view.h"
#include "hub/platform/platform.h"
#include "registry/directory.h"
#include "twin/twin.h"

namespace gridloom::hub {

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
