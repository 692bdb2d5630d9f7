#include "hub/shard/shard_changes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::hub {
namespace {

using Scope = ChangeReaderOptions::Scope;

// So many values are collected and handed to a reader with one unit of effort.
constexpr std::size_t kValuesOfEffort = 8;

// Whether the field's value is an error or a warning, or a member of it is.
bool is_faulty(const catalog::Field& field, std::string_view text) {
  const auto value = wire::parse_json(text, {.bytes = text.size()});
  if (!value) return false;
  bool faulty = false;
  catalog::for_each_value(
      field, *value,
      [&](const catalog::Field& part, const wire::Json& of_part, const std::string& /*path*/) {
        const bool is_absent = part.absent && catalog::same_value(*part.absent, of_part);
        faulty = faulty || (!is_absent && catalog::is_error(part, of_part));
      });
  return faulty;
}

bool is_faulty(const twin::Twin& twin, std::size_t slot) {
  const catalog::Field* field = twin.family().field(twin.name_of(slot));
  return field != nullptr && is_faulty(*field, twin.text_of(slot));
}

// Whether values in the slot may be errors or warnings. Finds out once for each quota of a module.
bool may_report_errors(const DeviceState& state, DeviceWatch& watch, std::size_t slot) {
  const twin::Layout& layout = *state.family.layout;
  if (slot < layout.errors.size()) return layout.errors[slot];
  if (!layout.has_module_errors) return false;
  std::vector<bool>& known = watch.module_errors;
  const std::size_t index = slot - layout.errors.size();
  while (known.size() <= index) {
    const catalog::Field* field =
        layout.family->field(state.twin.name_of(layout.errors.size() + known.size()));
    known.push_back(field != nullptr && catalog::may_report_errors(*field));
  }
  return known[index];
}

std::set<std::size_t> faulty_slots(const DeviceState& state, DeviceWatch& watch) {
  std::set<std::size_t> faulty;
  if (!state.family.layout->has_errors) return faulty;
  state.twin.for_each_value([&](std::size_t slot, std::string_view /*text*/) {
    if (may_report_errors(state, watch, slot) && is_faulty(state.twin, slot)) faulty.insert(slot);
  });
  return faulty;
}

// The devices that the reader reads.
std::vector<const registry::Device*> devices_of(const registry::Directory& directory,
                                                const ChangeReaderOptions& reader) {
  if (reader.scope == Scope::kAll) return directory.devices();
  std::vector<const registry::Device*> devices = directory.devices_of(reader.account);
  std::ranges::copy(directory.shared_with(reader.account), std::back_inserter(devices));
  return devices;
}

// Their numbers, by serial number.
std::map<std::string_view, std::int64_t> numbers_of(
    const std::vector<const registry::Device*>& devices) {
  std::map<std::string_view, std::int64_t> numbers;
  for (const registry::Device* device : devices) numbers.emplace(device->sn, device->number);
  return numbers;
}

}  // namespace

// --- who reads

void ShardChanges::use(std::shared_ptr<const registry::Directory> directory) {
  ++directories_;
  const auto before = std::exchange(directory_, std::move(directory));
  if (!before || before == directory_) return;
  for (const ChangeMailboxPtr& reader : feed_.wide_readers()) {
    if (reader->wants_reports()) compare(*before, reader);
  }
  if (before->revocations() == directory_->revocations()) return;
  for (const std::string& sn : feed_.named_devices()) {
    const registry::Device* was = before->find_device(sn);
    const registry::Device* is = directory_->find_device(sn);
    const bool is_same = was == nullptr || (is != nullptr && is->number == was->number);
    if (is_same || !mine_(sn)) continue;
    for (const ChangeMailboxPtr& reader : feed_.readers_of(sn, nullptr)) {
      if (reader->options().scope == Scope::kDevices) {
        tell_membership(reader, sn, Membership::kRemoved);
      }
    }
  }
}

void ShardChanges::compare(const registry::Directory& before, const ChangeMailboxPtr& reader) {
  const auto devices_before = devices_of(before, reader->options());
  const auto devices = devices_of(*directory_, reader->options());
  if (devices == devices_before) return;  // directories share what has not changed
  const auto were = numbers_of(devices_before);
  const auto are = numbers_of(devices);
  for (const auto& [sn, number] : were) {
    if (!are.contains(sn) && mine_(sn)) tell_membership(reader, sn, Membership::kRemoved);
  }
  for (const auto& [sn, number] : are) {
    const auto was = were.find(sn);
    const bool is_same = was != were.end() && was->second == number;
    if (!is_same && mine_(sn)) tell_membership(reader, sn, Membership::kAdded);
  }
}

void ShardChanges::tell_membership(const ChangeMailboxPtr& reader, std::string_view sn,
                                   Membership membership) {
  const Partition partition = partition_of(sn);
  turn_.push_back({.readers = {reader},
                   .partition = partition,
                   .changes = {.sn = std::string(sn),
                               .number = ++numbers_[number_of(partition)],
                               .membership = membership}});
}

// Both numbers only grow: their sum is the same only if both are.
DeviceWatch* ShardChanges::watch_of(std::string_view sn, DeviceState& state) {
  WatchState& known = state.watch;
  const std::uint64_t as_of = feed_.generation(state.partition) + directories_;
  if (std::exchange(known.as_of, as_of) == as_of) return known.watch.get();
  auto readers = feed_.readers_of(sn, directory_->find_device(sn));
  if (readers.empty()) {
    known.watch.reset();
    return nullptr;
  }
  if (!known.watch) known.watch = std::make_unique<DeviceWatch>();
  DeviceWatch& watch = *known.watch;
  const bool wants_faults = std::ranges::any_of(readers, &ChangeMailbox::wants_events);
  if (wants_faults && !watch.wants_faults) watch.faulty = faulty_slots(state, watch);
  watch.is_new = watch.is_new || std::ranges::any_of(readers, [&](const ChangeMailboxPtr& each) {
                   return !each->wants_reports() &&
                          std::ranges::find(watch.readers, each) == watch.readers.end();
                 });
  watch.wants_reports = std::ranges::any_of(readers, &ChangeMailbox::wants_reports);
  watch.wants_values = std::ranges::any_of(readers, &ChangeMailbox::wants_values);
  watch.wants_faults = wants_faults;
  watch.needs_slots = watch.wants_values || (wants_faults && state.family.layout->has_errors);
  watch.readers = std::move(readers);
  return &watch;
}

// --- what changes

DeviceChanges& ShardChanges::changes_of(std::string_view sn, Partition partition,
                                        const std::vector<ChangeMailboxPtr>& readers) {
  auto found = places_.find(sn);
  if (found == places_.end()) {
    found = places_.emplace(sn, turn_.size()).first;
    turn_.push_back({.readers = {}, .partition = partition, .changes = {.sn = std::string(sn)}});
  }
  Told& told = turn_[found->second];
  told.readers = readers;
  return told.changes;
}

DeviceChanges* ShardChanges::begin_change(std::string_view sn, DeviceState* state) {
  const Partition partition = state != nullptr ? state->partition : partition_of(sn);
  const std::uint64_t number = ++numbers_[number_of(partition)];
  if (!feed_.has_readers(partition)) return nullptr;
  std::vector<ChangeMailboxPtr> readers;
  DeviceWatch* watch = nullptr;
  if (state == nullptr) {
    readers = feed_.readers_of(sn, directory_->find_device(sn));
  } else {
    watch = watch_of(sn, *state);
    if (watch != nullptr) readers = watch->readers;
  }
  if (readers.empty()) return nullptr;
  DeviceChanges& changes = changes_of(sn, partition, readers);
  changes.number = number;
  if (watch != nullptr && watch->is_new) {
    tell_all_faults(changes, *state, *watch, platform_.clock.now());
  }
  return &changes;
}

void ShardChanges::presence(std::string_view sn, DeviceState* state, bool online,
                            registry::AccountId account) {
  DeviceChanges* const told = begin_change(sn, state);
  if (told == nullptr) return;
  std::erase_if(told->presence, [&](const auto& each) { return each.account == account; });
  told->presence.push_back(
      {.account = account, .online = online, .at = platform_.clock.now(), .number = told->number});
}

void ShardChanges::set_ended(std::string_view sn, DeviceState* state, SetOutcome outcome) {
  DeviceChanges* const told = begin_change(sn, state);
  if (told == nullptr) return;
  outcome.at = platform_.clock.now();
  outcome.number = told->number;
  told->sets.push_back(std::move(outcome));
}

std::int64_t ShardChanges::tell_report(std::string_view sn, const DeviceState& state,
                                       bool has_changed) {
  DeviceWatch& watch = *std::exchange(reporting_, nullptr);
  const auto readers = static_cast<std::int64_t>(watch.readers.size());
  if (watch.is_new || (watch.wants_faults && has_changed)) tell_faults(sn, state, watch);
  if (!watch.wants_reports) return 0;
  DeviceChanges& told = changes_of(sn, state.partition, watch.readers);
  told.last_report = state.last_report;
  if (!has_changed) return readers;
  told.number = numbers_[number_of(state.partition)];
  if (!watch.wants_values) return readers;
  std::string buffer;
  for (const std::size_t slot : changed_) {
    const bool is_extra = slot >= state.twin.declared_slots();
    const std::string_view text = twin::meant(state.twin, slot, state.twin.text_of(slot), buffer);
    ValueChange value{.slot = slot,
                      .name = is_extra ? state.twin.name_of(slot) : std::string(),
                      .text = std::string(text),
                      .at = state.last_report,
                      .number = told.number};
    const auto at = std::ranges::lower_bound(told.values, slot, {}, &ValueChange::slot);
    if (at != told.values.end() && at->slot == slot) {
      *at = std::move(value);
    } else {
      told.values.insert(at, std::move(value));
    }
  }
  return readers * static_cast<std::int64_t>(1 + changed_.size() / kValuesOfEffort);
}

void ShardChanges::tell_faults(std::string_view sn, const DeviceState& state, DeviceWatch& watch) {
  const std::uint64_t number = numbers_[number_of(state.partition)];
  for (const std::size_t slot : changed_) {
    if (!watch.needs_slots || !may_report_errors(state, watch, slot)) continue;
    const bool is_active = is_faulty(state.twin, slot);
    if (is_active == watch.faulty.contains(slot)) continue;
    if (is_active) {
      watch.faulty.insert(slot);
    } else {
      watch.faulty.erase(slot);
    }
    if (watch.is_new) continue;
    DeviceChanges& told = changes_of(sn, state.partition, watch.readers);
    told.number = number;
    told.faults.push_back({.slot = slot,
                           .field = state.twin.name_of(slot),
                           .text = std::string(state.twin.text_of(slot)),
                           .is_active = is_active,
                           .at = state.last_report,
                           .number = number});
  }
  if (!watch.is_new) return;
  DeviceChanges& told = changes_of(sn, state.partition, watch.readers);
  told.number = number;
  tell_all_faults(told, state, watch, state.last_report);
}

void ShardChanges::tell_all_faults(DeviceChanges& told, const DeviceState& state,
                                   DeviceWatch& watch, TimePoint at) {
  watch.is_new = false;
  told.has_all_faults = true;
  for (const std::size_t slot : watch.faulty) {
    told.faults.push_back({.slot = slot,
                           .field = state.twin.name_of(slot),
                           .text = std::string(state.twin.text_of(slot)),
                           .is_active = true,
                           .at = at,
                           .number = told.number});
  }
}

TwinSnapshot ShardChanges::snapshot_of(const std::string& sn, const DeviceState& state) const {
  const twin::Twin& twin = state.twin;
  TwinSnapshot snapshot{.sn = sn,
                        .number = numbers_[number_of(state.partition)],
                        .has_values = twin.version() != 0,
                        .last_report = state.last_report == TimePoint{}
                                           ? std::nullopt
                                           : std::optional(state.last_report),
                        .moment = state.moment,
                        // Shares the layout's list.
                        .declared = {state.family.layout, &state.family.layout->names},
                        .extra = {}};
  std::size_t next = 0;  // the slot behind those that were compared
  const auto had_none_up_to = [&](std::size_t end) {
    for (; next < end; ++next) {
      if (!twin.text_of(next).empty()) snapshot.before.add(next, {});
    }
  };
  std::size_t end = 0;
  twin.for_each_value([&](std::size_t slot, std::string_view text) {
    if (slot >= twin.declared_slots()) snapshot.extra.push_back(twin.name_of(slot));
    snapshot.values.add(slot, text);
    end = slot + 1;
  });
  std::string buffer;
  twin.for_each_value_before([&](std::size_t slot, std::string_view text) {
    had_none_up_to(slot);
    if (text != twin::meant(twin, slot, twin.text_of(slot), buffer))
      snapshot.before.add(slot, text);
    next = slot + 1;
  });
  had_none_up_to(end);
  return snapshot;
}

// --- the end of a turn

void ShardChanges::flush() {
  if (turn_.empty()) return;
  std::vector<ChangeMailboxPtr> to_post;
  for (const Told& told : turn_) {
    for (const ChangeMailboxPtr& reader : told.readers) {
      if (reader->add(told.changes, told.partition, numbers_[number_of(told.partition)])) {
        to_post.push_back(reader);
      }
    }
  }
  turn_.clear();
  places_.clear();
  for (const ChangeMailboxPtr& reader : to_post) ChangeMailbox::post(reader);
}

}  // namespace gridloom::hub
