// What the platform does badly where it was told to: see misdeeds.h.
#include <chrono>

#include "hub/shard.h"

namespace gridloom::hub {
namespace {

constexpr std::chrono::minutes kDrawEvery{1};

}  // namespace

std::optional<double> Shard::misdoes(Misdeed misdeed, registry::AccountId account,
                                     std::string_view sn) const {
  if (!platform_.misdeeds.any()) return std::nullopt;
  const registry::Account* known = directory_->find_account(account);
  if (known == nullptr) return std::nullopt;
  return platform_.misdeeds.happens(
      misdeed, {.account = known->name, .sn = sn, .now = platform_.clock.now()});
}

bool Shard::seen_online(registry::AccountId account, std::string_view sn) const {
  if (!platform_.presence.online(sn)) return false;
  if (!platform_.misdeeds.any()) return true;
  const registry::Account* known = directory_->find_account(account);
  return known == nullptr || !platform_.misdeeds.hides(
                                 {.account = known->name, .sn = sn, .now = platform_.clock.now()});
}

twin::Twin& Shard::told_twin(registry::AccountId account, const std::string& sn,
                             DeviceState& state) {
  const bool stale = misdoes(Misdeed::kFrozenSnapshot, account, sn) ||
                     misdoes(Misdeed::kStaleOffline, account, sn);
  if (!stale) return state.twin;
  if (!state.mistold) state.mistold = std::make_unique<Mistold>();
  if (!state.mistold->frozen) state.mistold->frozen = state.twin;
  return *state.mistold->frozen;
}

// Whether what a device says goes on to an account.
bool Shard::pushes(registry::AccountId account, std::string_view sn, Verb verb) {
  if (!platform_.misdeeds.any() || verb != Verb::kQuota) return true;
  if (misdoes(Misdeed::kStaleOffline, account, sn)) return false;
  const auto awake_s = misdoes(Misdeed::kSleepyPush, account, sn);
  if (!awake_s) return true;
  const DeviceState* state = find_state(sn);
  if (state == nullptr || !state->mistold) return false;
  const auto asked = state->mistold->asked_at.find(account);
  return asked != state->mistold->asked_at.end() &&
         platform_.clock.now() - asked->second < Millis(static_cast<std::int64_t>(*awake_s * 1000));
}

void Shard::misdeeds_changed() {
  misdoes_ = true;
  for (auto& [sn, state] : devices_) {
    const registry::Device* device = directory_->find_device(sn);
    const bool frozen =
        device != nullptr && (misdoes(Misdeed::kFrozenSnapshot, device->owner, sn) ||
                              misdoes(Misdeed::kStaleOffline, device->owner, sn));
    if (frozen) {
      static_cast<void>(told_twin(device->owner, sn, state));
    } else if (state.mistold) {
      state.mistold->frozen.reset();
    }
  }
}

void Shard::tell_who_is_hidden(const std::string& sn, DeviceState& state) {
  const registry::Device* device = directory_->find_device(sn);
  if (device == nullptr) return;
  const bool online = platform_.presence.online(sn);
  const auto tell = [&](registry::AccountId id) {
    const bool hidden = online && !seen_online(id, sn);
    const bool was_hidden = state.mistold && state.mistold->hidden_from.contains(id);
    if (hidden == was_hidden) return;
    if (!state.mistold) state.mistold = std::make_unique<Mistold>();
    if (hidden) {
      state.mistold->hidden_from.insert(id);
    } else {
      state.mistold->hidden_from.erase(id);
    }
    const registry::Account* account = directory_->find_account(id);
    if (account == nullptr) return;
    to_account(account->certificate_account, sn, Verb::kStatus,
               {.like = plain(status_text(online && !hidden)), .qos = Qos::kAtLeastOnce});
  };
  tell(device->owner);
  for (const registry::Share& share : device->shares) tell(share.account);
}

// At each tick; once more when there is nothing to be done badly any longer.
void Shard::misdo(TimePoint now) {
  if (!misdoes_) return;
  misdoes_ = platform_.misdeeds.any();
  for (auto& [sn, state] : devices_) tell_who_is_hidden(sn, state);
  const std::int64_t minute = unix_ms(now) / Millis(kDrawEvery).count();
  if (!misdoes_ || std::exchange(dropped_in_, minute) == minute) return;
  for (const auto& [raw, holder] : clients_) {
    const ClientPtr client = holder.lock();
    if (!client || client->identity().role != Role::kAccount) continue;
    if (!misdoes(Misdeed::kDroppedConnection, client->identity().account, {})) continue;
    client->loop().post([client] { client->kick(KickReason::kDropped); });
  }
}

}  // namespace gridloom::hub
