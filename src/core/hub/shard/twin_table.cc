#include "hub/shard/twin_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace gridloom::hub {
namespace {

constexpr std::string_view kAt = R"(,"at":)";

std::string text_of(const DeviceState& state) {
  std::string text = state.twin.save();
  if (state.last_report == TimePoint{}) return text;
  text.pop_back();
  return fmt::format("{}{}{}}}", text, kAt, unix_ms(state.last_report));
}

TimePoint time_in(std::string_view text) {
  std::int64_t at_ms = 0;
  const std::size_t end = text.rfind(']');  // of the quotas
  if (end == std::string_view::npos || !text.substr(end + 1).starts_with(kAt)) return {};
  const std::string_view number = text.substr(end + 1 + kAt.size());
  std::from_chars(number.data(), number.data() + number.size(), at_ms);
  return TimePoint(Millis(at_ms));
}

}  // namespace

TwinTable::TwinTable(const Platform& platform,
                     std::function<void(const registry::Device& by)> replaced)
    : platform_(platform), replaced_(std::move(replaced)) {}

void TwinTable::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
  ++directory_number_;
}

DeviceState& TwinTable::at(std::string_view sn) {
  const auto [device, state] = find(sn);
  if (state != nullptr) return *state;
  const catalog::FamilyPtr& family = platform_.catalog->of_serial(sn);
  FamilyState& shared = families_[family.get()];
  if (!shared.layout) {
    shared.layout = std::make_shared<const twin::Layout>(family);
    shared.refs.resize(shared.layout->names.size());
  }
  const std::int64_t number = device == nullptr ? 0 : device->number;
  return devices_
      .try_emplace(std::string(sn), number, partition_of(sn), shared, platform_.config.twin)
      .first->second;
}

TwinTable::Entry TwinTable::find(std::string_view sn) {
  const auto found = devices_.find(sn);
  if (found != devices_.end() && found->second.known_as_of_ == directory_number_) {
    return {.device = found->second.device_, .state = &found->second};
  }
  const registry::Device* device = directory_->find_device(sn);
  if (found == devices_.end()) return {.device = device};
  DeviceState& state = found->second;
  if (device != nullptr && device->number != state.number) {
    // Removed and added again, perhaps by another owner: no state of the former device is kept.
    devices_.erase(found);
    ++removals_;
    replaced_(*device);
    return {.device = device};
  }
  state.device_ = device;
  state.known_as_of_ = directory_number_;
  return {.device = device, .state = &state};
}

TwinTable::Entry TwinTable::find_own(Client& client) {
  auto& [state, as_of] = client.own_device;
  if (as_of == removals_ && state->known_as_of_ == directory_number_) {
    return {.device = state->device_, .state = state};
  }
  const Entry found = find(client.identity().name);
  client.own_device = {.state = found.state, .as_of = found.state == nullptr ? 0 : removals_};
  return found;
}

void TwinTable::for_each(
    const std::function<void(const std::string& sn, DeviceState& state)>& each) {
  for (auto& [sn, state] : devices_) each(sn, state);
}

void TwinTable::remove_unknown(const std::function<bool(const std::string& sn)>& removable) {
  std::vector<const registry::Device*> others;
  removals_ += std::erase_if(devices_, [&](const auto& entry) {
    const auto& [sn, state] = entry;
    const registry::Device* device = directory_->find_device(sn);
    if (device != nullptr && device->number != state.number) others.push_back(device);
    return device == nullptr && state.transports.empty() && removable(sn);
  });
  for (const registry::Device* device : others) static_cast<void>(find(device->sn));
}

std::vector<std::string> TwinTable::devices_of(Partition partition) const {
  std::vector<std::string> found;
  for (const auto& [sn, state] : devices_) {
    if (state.partition == partition) found.push_back(sn);
  }
  return found;
}

void TwinTable::remove(Partition partition) {
  for (auto& [client, serials] : carried_) {
    std::erase_if(serials, [&](const std::string& sn) { return partition_of(sn) == partition; });
  }
  std::erase_if(carried_, [](const auto& each) { return each.second.empty(); });
  removals_ += std::erase_if(
      devices_, [&](const auto& entry) { return entry.second.partition == partition; });
}

void TwinTable::mark_read(std::string_view sn, DeviceState& state) {
  if (!std::exchange(state.is_in_read_, true)) read_.emplace_back(sn);
}

void TwinTable::drop_unused_texts() {
  std::erase_if(read_, [this](const std::string& sn) {
    const auto found = devices_.find(sn);
    if (found == devices_.end()) return true;
    DeviceState& state = found->second;
    state.is_in_read_ = state.twin.drop_unused_text();
    return !state.is_in_read_;
  });
}

std::vector<SavedTwin> TwinTable::save() {
  std::vector<SavedTwin> saved;
  for (auto& [sn, state] : devices_) {
    const bool is_same =
        state.saved_version_ == state.twin.version() && state.saved_report_ == state.last_report;
    if (is_same) continue;
    state.saved_version_ = state.twin.version();
    state.saved_report_ = state.last_report;
    saved.push_back({.sn = sn, .number = state.number, .text = text_of(state)});
  }
  return saved;
}

std::string TwinTable::save(std::string_view sn) {
  const DeviceState* state = find(sn).state;
  return state == nullptr || state->twin.version() == 0 ? "" : text_of(*state);
}

Status TwinTable::restore(const SavedTwin& saved) {
  const registry::Device* device = directory_->find_device(saved.sn);
  if (device == nullptr || device->number != saved.number) return {};
  DeviceState& state = at(saved.sn);
  const Status restored = saved.text.empty() ? Status() : state.twin.restore(saved.text);
  for (const journal::LastValue& value : saved.newer) {
    state.twin.replay_value(value.name, value.text);
  }
  // The devices' clock may have been set back since then.
  const TimePoint last = std::max(time_in(saved.text), saved.newer_at.value_or(TimePoint()));
  if (last <= platform_.clock.now()) state.last_report = last;
  return restored;
}

TwinTable::PresenceChange TwinTable::use_transport(const Client& client, const std::string& sn,
                                                   DeviceState& state) {
  if (!state.reports_offline && state.active_transport == &client) return {};
  const bool first = state.transports.empty();
  const bool was_offline = std::exchange(state.reports_offline, false);
  state.active_transport = &client;
  state.transports.insert(&client);
  carried_[&client].insert(sn);
  return {.connection = first, .presence = first || was_offline};
}

TwinTable::PresenceChange TwinTable::mark_offline(const Client& client, const std::string& sn,
                                                  DeviceState& state) {
  state.transports.insert(&client);
  carried_[&client].insert(sn);
  return {.presence = !std::exchange(state.reports_offline, true)};
}

TwinTable::PresenceChange TwinTable::left(const Client& client, const std::string& sn) {
  DeviceState& state = at(sn);
  state.transports.erase(&client);
  if (state.active_transport == &client) state.active_transport = nullptr;
  if (!state.transports.empty()) return {};
  return {.connection = true, .presence = !std::exchange(state.reports_offline, false)};
}

std::unordered_set<std::string> TwinTable::take_devices_of(const Client& client) {
  auto taken = carried_.extract(&client);
  return taken.empty() ? std::unordered_set<std::string>() : std::move(taken.mapped());
}

std::vector<TwinTable::CarriedDevice> TwinTable::take_lost_by_gateways() {
  std::vector<CarriedDevice> lost;
  for (auto& [client, serials] : carried_) {
    if (client->identity().role != Role::kGateway) continue;
    std::erase_if(serials, [&](const std::string& sn) {
      const registry::Device* device = directory_->find_device(sn);
      const bool is_lost = device == nullptr || device->owner != client->identity().account;
      if (is_lost) lost.push_back({.client = client, .sn = sn});
      return is_lost;
    });
  }
  return lost;
}

}  // namespace gridloom::hub
