#include "hub/faults/fault_overlay.h"

#include <chrono>
#include <utility>

namespace gridloom::hub {

bool FaultOverlay::freezes(registry::AccountId account, std::string_view sn) const {
  return happens(PlatformFault::kFrozenSnapshot, account, sn) ||
         happens(PlatformFault::kStaleOffline, account, sn);
}

twin::Twin& FaultOverlay::twin(registry::AccountId account, const std::string& sn,
                               twin::Twin& actual) {
  if (!any() || !freezes(account, sn)) return actual;
  std::optional<twin::Twin>& frozen = devices_[sn].frozen;
  if (!frozen) frozen = actual;
  return *frozen;
}

void FaultOverlay::freeze_or_thaw(const registry::Device* device, const std::string& sn,
                                  twin::Twin& actual) {
  if (device != nullptr && freezes(device->owner, sn)) {
    static_cast<void>(twin(device->owner, sn, actual));
  } else if (const auto found = devices_.find(sn); found != devices_.end()) {
    found->second.frozen.reset();
  }
}

void FaultOverlay::on_read_all(registry::AccountId account, const std::string& sn) {
  if (!happens(PlatformFault::kSleepyPush, account, sn)) return;
  devices_[sn].all_read_at[account] = platform().clock.now();
}

bool FaultOverlay::pushes(registry::AccountId account, std::string_view sn, Verb verb) const {
  if (!any() || verb != Verb::kQuota) return true;
  if (happens(PlatformFault::kStaleOffline, account, sn)) return false;
  const auto awake_s = happens(PlatformFault::kSleepyPush, account, sn);
  if (!awake_s) return true;
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return false;
  const auto read = found->second.all_read_at.find(account);
  return read != found->second.all_read_at.end() &&
         platform().clock.now() - read->second < Millis(static_cast<std::int64_t>(*awake_s * 1000));
}

std::vector<FaultOverlay::Shown> FaultOverlay::presence_changes(const registry::Device& device) {
  std::vector<Shown> changes;
  const bool connected = platform().presence.online(device.sn);
  const auto look = [&](registry::AccountId account) {
    const bool hidden = connected && !online(account, device.sn);
    const auto found = devices_.find(device.sn);
    const bool was_hidden = found != devices_.end() && found->second.hidden_from.contains(account);
    if (hidden == was_hidden) return;
    if (hidden) {
      devices_[device.sn].hidden_from.insert(account);
    } else {
      found->second.hidden_from.erase(account);
    }
    changes.push_back({.account = account, .online = connected && !hidden});
  };
  look(device.owner);
  for (const registry::Share& share : device.shares) look(share.account);
  return changes;
}

void FaultOverlay::end_tick() {
  active_ = any();
  if (!active_) devices_.clear();
}

bool FaultOverlay::is_drop_due(TimePoint now) {
  if (!any()) return false;
  const std::int64_t minute =
      std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count();
  return std::exchange(drawn_in_minute_, minute) != minute;
}

void FaultOverlay::remove(std::string_view sn) {
  if (const auto found = devices_.find(sn); found != devices_.end()) devices_.erase(found);
}

std::optional<FaultInjector::Case> FaultView::case_of(registry::AccountId account,
                                                      std::string_view sn) const {
  if (!any() || !directory_) return std::nullopt;
  const registry::Account* known = directory_->find_account(account);
  if (known == nullptr) return std::nullopt;
  return FaultInjector::Case{.account = known->name, .sn = sn, .now = platform_.clock.now()};
}

std::optional<double> FaultView::happens(PlatformFault fault, registry::AccountId account,
                                         std::string_view sn) const {
  const auto in = case_of(account, sn);
  return in ? platform_.fault_injector.happens(fault, *in) : std::nullopt;
}

bool FaultView::online(registry::AccountId account, std::string_view sn) const {
  if (!platform_.presence.online(sn)) return false;
  const auto in = case_of(account, sn);
  return !in || !platform_.fault_injector.hides(*in);
}

}  // namespace gridloom::hub
