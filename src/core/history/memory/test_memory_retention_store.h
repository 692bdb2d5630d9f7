// The reads and removals of retention in history's storage in memory.
//
// Thread rule: one thread at a time.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/memory/test_memory_tables.h"
#include "history/store/retention_store.h"

namespace gridloom::history {

class MemoryRetentionStore final : public RetentionStore {
 public:
  explicit MemoryRetentionStore(std::shared_ptr<MemoryTables> tables)
      : tables_(std::move(tables)) {}

  [[nodiscard]] Result<bool> commit(const Work& slice) override;
  [[nodiscard]] Result<bool> with_little_space(const Work& work) override { return work(); }

  [[nodiscard]] Result<std::optional<DeviceNumber>> next_device(
      Kind kind, std::optional<DeviceNumber> after) override;
  [[nodiscard]] Result<std::size_t> remove(Kind kind, DeviceNumber device,
                                           std::size_t most) override;
  [[nodiscard]] Result<std::int64_t> next_mark() override;
  [[nodiscard]] Result<std::optional<std::int64_t>> next_hour(DeviceNumber device,
                                                              std::int64_t from, std::int64_t to,
                                                              std::int64_t below) override;
  [[nodiscard]] Result<std::vector<std::string>> chunks(const DeviceHour& of) override;
  [[nodiscard]] Status replace_by_rollups(const DeviceHour& of, std::string_view rollups) override;
  [[nodiscard]] Result<std::size_t> remove_rollups(DeviceNumber device, std::int64_t before,
                                                   std::size_t most) override;
  [[nodiscard]] Result<std::size_t> remove_audit(std::int64_t before_ms, std::size_t most) override;
  [[nodiscard]] Result<std::size_t> remove_events(std::int64_t before_ms,
                                                  std::size_t most) override;
  [[nodiscard]] Result<bool> return_space() override { return false; }

  [[nodiscard]] Result<std::vector<RunningDay>> running_days() override;
  [[nodiscard]] Status put_running_day(const RunningDay& day) override;
  [[nodiscard]] Status remove_running_day(std::int64_t day) override;

 private:
  // Calls `function` with the tables of the slice that runs, or with those that all see.
  template <typename Function>
  std::invoke_result_t<Function&, MemoryRows&> change(Function function) {
    return draft_ ? draft_->change(function) : tables_->change(function);
  }

  std::shared_ptr<MemoryTables> tables_;
  std::optional<MemoryTables::Draft> draft_;  // does not outlive tables_
};

// Parts of the functions below.
namespace memory {

// Whether the time of an audit entry is before `before_ms`, or absent.
inline bool is_audit_before(std::string_view entry, std::int64_t before_ms) {
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(entry, error);
  if (error) return false;
  if (!json.is_object()) return true;
  const boost::json::value* at = json.as_object().if_contains("at");
  if (at == nullptr || at->is_null()) return true;
  if (at->is_double()) return at->as_double() < static_cast<double>(before_ms);
  return at->is_int64() && at->as_int64() < before_ms;
}

// Removes the first entries of a map while `is_old` says so; at most `most`.
template <typename Map, typename IsOld>
std::size_t remove_first(Map& map, std::size_t most, IsOld is_old) {
  std::size_t removed = 0;
  while (removed < most && !map.empty() && is_old(*map.begin())) {
    map.erase(map.begin());
    ++removed;
  }
  return removed;
}

inline bool has(const DeviceTables& device, RetentionStore::Kind kind) {
  switch (kind) {
    case RetentionStore::Kind::kChunks:
      return !device.chunks.empty();
    case RetentionStore::Kind::kRollups:
      return !device.rollups.empty();
    case RetentionStore::Kind::kEnergies:
      return !device.energies.empty();
    case RetentionStore::Kind::kTwin:
      return device.twin.has_value();
    case RetentionStore::Kind::kEvents:
      return !device.events.empty();
  }
  return false;
}

inline std::size_t remove_rows(DeviceTables& device, RetentionStore::Kind kind, std::size_t most) {
  const auto any = [](const auto&) { return true; };
  switch (kind) {
    case RetentionStore::Kind::kChunks:
      return remove_first(device.chunks, most, any);
    case RetentionStore::Kind::kRollups:
      return remove_first(device.rollups, most, any);
    case RetentionStore::Kind::kEnergies:
      return remove_first(device.energies, most, any);
    case RetentionStore::Kind::kTwin:
      if (most == 0 || !device.twin) return 0;
      device.twin.reset();
      return 1;
    case RetentionStore::Kind::kEvents:
      return remove_first(device.events, most, any);
  }
  return 0;
}

}  // namespace memory

inline Result<bool> MemoryRetentionStore::commit(const Work& slice) {
  draft_.emplace(*tables_);
  auto result = slice();
  if (result) draft_->commit();
  draft_.reset();
  return result;
}

inline Result<std::optional<DeviceNumber>> MemoryRetentionStore::next_device(
    Kind kind, std::optional<DeviceNumber> after) {
  return change([&](MemoryRows& all) -> std::optional<DeviceNumber> {
    auto device = after ? all.devices.upper_bound(*after) : all.devices.begin();
    while (device != all.devices.end() && !memory::has(*device->second, kind)) ++device;
    return device == all.devices.end() ? std::nullopt : std::optional(device->first);
  });
}

inline Result<std::size_t> MemoryRetentionStore::remove(Kind kind, DeviceNumber device,
                                                        std::size_t most) {
  return change([&](MemoryRows& all) -> std::size_t {
    const auto found = all.devices.find(device);
    if (found == all.devices.end() || !memory::has(*found->second, kind)) return 0;
    DeviceTables& tables = found->second.change();
    const std::size_t removed = memory::remove_rows(tables, kind, most);
    if (tables.chunks.empty() && tables.rollups.empty() && tables.energies.empty() &&
        !tables.twin && tables.events.empty()) {
      all.devices.erase(found);
    }
    return removed;
  });
}

inline Result<std::int64_t> MemoryRetentionStore::next_mark() {
  return change([](const MemoryRows& all) { return all.next_mark; });
}

inline Result<std::optional<std::int64_t>> MemoryRetentionStore::next_hour(DeviceNumber device,
                                                                           std::int64_t from,
                                                                           std::int64_t to,
                                                                           std::int64_t below) {
  return change([&](MemoryRows& all) -> std::optional<std::int64_t> {
    std::optional<std::int64_t> found;
    for (const auto& [key, chunk] : chunks_of(device_of(all, device), from, to)) {
      if (found && *found != key.hour) break;
      // A chunk that is young keeps its hour, which comes with all its chunks one after the other.
      if (chunk.mark >= below) {
        from = key.hour + 1;
        found.reset();
      } else if (key.hour >= from) {
        found = key.hour;
      }
    }
    return found;
  });
}

inline Result<std::vector<std::string>> MemoryRetentionStore::chunks(const DeviceHour& of) {
  return change([&](MemoryRows& all) {
    std::vector<std::string> chunks;
    for (const auto& [key, chunk] : chunks_of(device_of(all, of.device), of.hour)) {
      chunks.push_back(*chunk.bytes);
    }
    return chunks;
  });
}

inline Status MemoryRetentionStore::replace_by_rollups(const DeviceHour& of,
                                                       std::string_view rollups) {
  change([&](MemoryRows& all) {
    DeviceTables& tables = all.devices[of.device].change();
    tables.rollups.try_emplace(of.hour, bytes_of(rollups));
    const auto old = chunks_of(tables, of.hour);
    tables.chunks.erase(old.begin(), old.end());
  });
  return {};
}

inline Result<std::size_t> MemoryRetentionStore::remove_rollups(DeviceNumber device,
                                                                std::int64_t before,
                                                                std::size_t most) {
  return change([&](MemoryRows& all) -> std::size_t {
    const auto found = all.devices.find(device);
    if (found == all.devices.end()) return 0;
    const auto is_old = [&](const auto& rollups) { return rollups.first < before; };
    if (found->second->rollups.empty() || !is_old(*found->second->rollups.begin())) return 0;
    return memory::remove_first(found->second.change().rollups, most, is_old);
  });
}

inline Result<std::size_t> MemoryRetentionStore::remove_audit(std::int64_t before_ms,
                                                              std::size_t most) {
  return change([&](MemoryRows& all) -> std::size_t {
    const auto is_old = [&](const auto& row) {
      return memory::is_audit_before(*row.second, before_ms);
    };
    if (all.audit->empty() || !is_old(*all.audit->begin())) return 0;
    return memory::remove_first(all.audit.change(), most, is_old);
  });
}

inline Result<std::size_t> MemoryRetentionStore::remove_events(std::int64_t before_ms,
                                                               std::size_t most) {
  return change([&](MemoryRows& all) {
    std::size_t removed = 0;
    for (auto& [number, device] : all.devices) {
      if (device->events.empty() || device->events.begin()->first.at_ms >= before_ms) continue;
      Events& events = device.change().events;
      for (auto at = events.begin();
           removed < most && at != events.end() && at->first.at_ms < before_ms;) {
        if (at->second.is_open) {
          ++at;
          continue;
        }
        at = events.erase(at);
        ++removed;
      }
    }
    return removed;
  });
}

inline Result<std::vector<RunningDay>> MemoryRetentionStore::running_days() {
  return change([](MemoryRows& all) {
    std::vector<RunningDay> days;
    for (const auto& [number, day] : *all.running_days) days.push_back(day);
    return days;
  });
}

inline Status MemoryRetentionStore::put_running_day(const RunningDay& day) {
  change([&](MemoryRows& all) { all.running_days.change().insert_or_assign(day.day, day); });
  return {};
}

inline Status MemoryRetentionStore::remove_running_day(std::int64_t day) {
  change([&](MemoryRows& all) { all.running_days.change().erase(day); });
  return {};
}

}  // namespace gridloom::history
