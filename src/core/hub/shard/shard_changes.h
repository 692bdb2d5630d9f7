// One shard's part of the feed of changes (hub/feed/change_feed.h): numbers what changes in its
// partitions, collects what somebody reads, and hands it over at the end of a turn.
//
// A report of a partition without readers costs a load, a branch and an increment. Belongs to a
// shard and is used on its loop only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/partition.h"
#include "base/string_map.h"
#include "hub/feed/change_feed.h"
#include "hub/feed/twin_snapshot.h"
#include "hub/platform/platform.h"
#include "hub/shard/twin_table.h"
#include "registry/directory.h"

namespace gridloom::hub {

class ShardChanges {
 public:
  // `mine` tells whether a serial number is of the shard's partitions.
  ShardChanges(Platform& platform, std::function<bool(std::string_view)> mine)
      : platform_(platform), feed_(platform.changes), mine_(std::move(mine)) {}

  // The directory that rights are looked up in; comes before anything else. Tells of the devices
  // that came to a reader or left it since the last one.
  void use(std::shared_ptr<const registry::Directory> directory);

  // The partition is the shard's from now on. Its numbers are above those of the owners before, so
  // that a reader may compare them with numbers that it has.
  void begin_run(Partition partition, std::uint64_t revision) {
    constexpr std::uint64_t kNumbersOfRun = 36;  // bits: numbers stay exact as doubles
    std::uint64_t& number = numbers_[number_of(partition)];
    number = std::max(number, revision << kNumbersOfRun);
  }

  // Call before a report of the device is applied to its twin. Returns where Twin::apply() is to
  // put the slots that changed; null: nobody reads them.
  [[nodiscard]] std::vector<std::size_t>* begin_report(std::string_view sn, DeviceState& state) {
    reporting_ = feed_.has_readers(state.partition) ? watch_of(sn, state) : nullptr;
    return reporting_ != nullptr && reporting_->needs_slots ? &changed_ : nullptr;
  }
  // The report was applied, and state.last_report set. Returns the effort, in the units of Inbox.
  std::int64_t end_report(std::string_view sn, DeviceState& state, bool has_changed) {
    if (has_changed) ++numbers_[number_of(state.partition)];
    return reporting_ == nullptr ? 0 : tell_report(sn, state, has_changed);
  }
  // The device came online, or went offline; for one account only, if it is given. `state` may be
  // null here and below: the hub knows nothing of the device but its serial number.
  void presence(std::string_view sn, DeviceState* state, bool online,
                registry::AccountId account = {});
  // A set of the device ended; the number of `outcome` and its time are set here.
  void set_ended(std::string_view sn, DeviceState* state, SetOutcome outcome);

  // The values of the device and the number of its partition, at this moment of the turn.
  [[nodiscard]] TwinSnapshot snapshot_of(const std::string& sn, const DeviceState& state) const;

  [[nodiscard]] bool empty() const { return turn_.empty(); }
  // Hands over what was collected.
  void flush();

 private:
  struct Told {
    std::vector<ChangeMailboxPtr> readers;
    Partition partition{};
    DeviceChanges changes;
  };
  [[nodiscard]] DeviceWatch* watch_of(std::string_view sn, DeviceState& state);
  // Takes the next number. Where the change is to be added; null: nobody reads it.
  [[nodiscard]] DeviceChanges* begin_change(std::string_view sn, DeviceState* state);
  [[nodiscard]] DeviceChanges& changes_of(std::string_view sn, Partition partition,
                                          const std::vector<ChangeMailboxPtr>& readers);
  std::int64_t tell_report(std::string_view sn, const DeviceState& state, bool has_changed);
  void tell_faults(std::string_view sn, const DeviceState& state, DeviceWatch& watch);
  // Tells a new reader of events all faults of the device.
  void tell_all_faults(DeviceChanges& told, const DeviceState& state, DeviceWatch& watch,
                       TimePoint at);
  void tell_membership(const ChangeMailboxPtr& reader, std::string_view sn, Membership membership);
  void compare(const registry::Directory& before, const ChangeMailboxPtr& reader);

  Platform& platform_;
  ChangeFeed& feed_;
  std::function<bool(std::string_view)> mine_;
  std::shared_ptr<const registry::Directory> directory_;
  std::uint64_t directories_ = 0;  // counts the calls of use()
  std::array<std::uint64_t, kPartitions> numbers_{};
  DeviceWatch* reporting_ = nullptr;  // of the device whose report is being applied
  std::vector<std::size_t> changed_;  // by that report
  std::vector<Told> turn_;
  StringMap<std::size_t> places_;  // in turn_, by serial number
};

}  // namespace gridloom::hub
