// Injected platform faults that concern a shard's devices and clients: see fault_injector.h.
#include <chrono>

#include "hub/shard.h"

namespace gridloom::hub {
namespace {

constexpr std::chrono::minutes kDrawEvery{1};

}  // namespace

std::optional<double> Shard::injected(PlatformFault fault, registry::AccountId account,
                                      std::string_view sn) const {
  if (!platform_.fault_injector.any()) return std::nullopt;
  const registry::Account* known = directory_->find_account(account);
  if (known == nullptr) return std::nullopt;
  return platform_.fault_injector.happens(
      fault, {.account = known->name, .sn = sn, .now = platform_.clock.now()});
}

bool Shard::seen_online(registry::AccountId account, std::string_view sn) const {
  if (!platform_.presence.online(sn)) return false;
  if (!platform_.fault_injector.any()) return true;
  const registry::Account* known = directory_->find_account(account);
  return known == nullptr || !platform_.fault_injector.hides(
                                 {.account = known->name, .sn = sn, .now = platform_.clock.now()});
}

twin::Twin& Shard::twin_shown_to(registry::AccountId account, const std::string& sn,
                                 DeviceState& state) {
  const bool stale = injected(PlatformFault::kFrozenSnapshot, account, sn) ||
                     injected(PlatformFault::kStaleOffline, account, sn);
  if (!stale) return state.twin;
  if (!state.overlay) state.overlay = std::make_unique<FaultOverlay>();
  if (!state.overlay->frozen) state.overlay->frozen = state.twin;
  return *state.overlay->frozen;
}

// Whether messages of a device are pushed to an account.
bool Shard::pushes(registry::AccountId account, std::string_view sn, Verb verb) {
  if (!platform_.fault_injector.any() || verb != Verb::kQuota) return true;
  if (injected(PlatformFault::kStaleOffline, account, sn)) return false;
  const auto awake_s = injected(PlatformFault::kSleepyPush, account, sn);
  if (!awake_s) return true;
  const DeviceState* state = find_state(sn);
  if (state == nullptr || !state->overlay) return false;
  const auto asked = state->overlay->asked_at.find(account);
  return asked != state->overlay->asked_at.end() &&
         platform_.clock.now() - asked->second < Millis(static_cast<std::int64_t>(*awake_s * 1000));
}

void Shard::injected_faults_changed() {
  has_faults_ = true;
  for (auto& [sn, state] : devices_) {
    const registry::Device* device = directory_->find_device(sn);
    const bool frozen =
        device != nullptr && (injected(PlatformFault::kFrozenSnapshot, device->owner, sn) ||
                              injected(PlatformFault::kStaleOffline, device->owner, sn));
    if (frozen) {
      static_cast<void>(twin_shown_to(device->owner, sn, state));
    } else if (state.overlay) {
      state.overlay->frozen.reset();
    }
  }
}

void Shard::send_hidden_status(const std::string& sn, DeviceState& state) {
  const registry::Device* device = directory_->find_device(sn);
  if (device == nullptr) return;
  const bool online = platform_.presence.online(sn);
  const auto emit = [&](registry::AccountId id) {
    const bool hidden = online && !seen_online(id, sn);
    const bool was_hidden = state.overlay && state.overlay->hidden_from.contains(id);
    if (hidden == was_hidden) return;
    if (!state.overlay) state.overlay = std::make_unique<FaultOverlay>();
    if (hidden) {
      state.overlay->hidden_from.insert(id);
    } else {
      state.overlay->hidden_from.erase(id);
    }
    const registry::Account* account = directory_->find_account(id);
    if (account == nullptr) return;
    to_account(account->certificate_account, sn, Verb::kStatus,
               {.like = plain(status_text(online && !hidden)), .qos = Qos::kAtLeastOnce});
  };
  emit(device->owner);
  for (const registry::Share& share : device->shares) emit(share.account);
}

// Called at each tick; runs once more after the last rule is gone, so that hidden devices are shown
// as online again.
void Shard::apply_platform_faults(TimePoint now) {
  if (!has_faults_) return;
  has_faults_ = platform_.fault_injector.any();
  for (auto& [sn, state] : devices_) send_hidden_status(sn, state);
  const std::int64_t minute = unix_ms(now) / Millis(kDrawEvery).count();
  if (!has_faults_ || std::exchange(dropped_in_, minute) == minute) return;
  for (const auto& [raw, holder] : clients_) {
    const ClientPtr client = holder.lock();
    if (!client || client->identity().role != Role::kAccount) continue;
    if (!injected(PlatformFault::kDroppedConnection, client->identity().account, {})) continue;
    client->loop().post([client] { client->kick(KickReason::kDropped); });
  }
}

}  // namespace gridloom::hub
