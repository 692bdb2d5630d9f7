// A connection to history's storage in memory.
//
// Thread rule: one thread at a time.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/memory/test_memory_tables.h"
#include "history/store/store.h"

namespace gridloom::history {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryTables> tables, std::function<Status()> on_write = {})
      : tables_(std::move(tables)), on_write_(std::move(on_write)) {}

  [[nodiscard]] Status write(const Changes& changes) override;
  [[nodiscard]] bool is_checkpointed() const override { return true; }
  [[nodiscard]] Result<journal::Positions> applied() override;
  [[nodiscard]] Result<std::vector<std::string>> names() override;
  [[nodiscard]] Result<std::vector<StoredTwin>> twins() override;
  [[nodiscard]] Result<TakenRecords> taken() override;
  [[nodiscard]] Result<std::vector<StoredEvent>> open_faults() override;
  [[nodiscard]] Result<std::vector<DeviceHour>> open_hours() override;

  [[nodiscard]] Result<bool> has_taken(const DeviceHour& of, std::uint64_t record) override;
  [[nodiscard]] Status each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                                  const OnBytes& on_chunk) override;
  [[nodiscard]] Result<bool> chunks_from(DeviceNumber device, const ChunkPosition& place,
                                         std::int64_t to, const OnChunk& on_chunk) override;
  [[nodiscard]] Result<ChunkPosition> resume(DeviceNumber device,
                                             const ChunkPosition& place) override;
  [[nodiscard]] Status each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const OnBytes& on_energy, const OnHour& on_damaged) override;
  [[nodiscard]] Status each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const OnBytes& on_rollup) override;
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(DeviceNumber device,
                                                                std::int64_t hour) override;
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_from(DeviceNumber device,
                                                              std::int64_t hour) override;
  [[nodiscard]] Result<std::optional<std::int64_t>> rollup_from(DeviceNumber device,
                                                                std::int64_t hour) override;
  [[nodiscard]] Result<StoredHours> hours_since(DeviceNumber device, std::int64_t mark,
                                                std::size_t most) override;
  [[nodiscard]] Result<std::vector<std::int64_t>> hours_without_energies(DeviceNumber device,
                                                                         std::int64_t from,
                                                                         std::int64_t to) override;
  [[nodiscard]] Status each_audit(const OnAudit& on_entry) override;
  [[nodiscard]] Status each_event(DeviceNumber device, std::int64_t from_ms,
                                  const EventPosition& before, const OnEvent& on_event) override;
  [[nodiscard]] Result<std::vector<StoredEvent>> events_since(std::uint64_t id,
                                                              std::size_t most) override;

 private:
  // Calls `function` with the tables of the snapshot, or of now. No lock is held meanwhile.
  template <typename Function>
  std::invoke_result_t<Function&, const MemoryRows&> read(Function function) {
    if (snapshot_) return function(**snapshot_);
    const MemoryTables::View now(*tables_);
    return function(*now);
  }
  [[nodiscard]] Status begin_snapshot() override {
    snapshot_.emplace(*tables_);
    return {};
  }
  void end_snapshot() override { snapshot_.reset(); }

  std::shared_ptr<MemoryTables> tables_;
  std::function<Status()> on_write_;
  std::optional<MemoryTables::View> snapshot_;  // does not outlive tables_
};

// Parts of the functions below.
namespace memory {

inline Status each_hour(const BytesByHour& hours, std::int64_t from, std::int64_t to,
                        const StoreReader::OnBytes& on_bytes) {
  for (const auto& [hour, bytes] :
       std::ranges::subrange(hours.lower_bound(from), hours.lower_bound(std::max(from, to)))) {
    GL_TRY(on_bytes(hour, *bytes));
  }
  return {};
}

inline void put_hour(MemoryRows& all, const Changes::Hour& hour) {
  DeviceTables& device = all.devices[hour.of.device].change();
  auto old = chunks_of(device, hour.of.hour);
  if (hour.over) old = {device.chunks.erase(old.begin(), old.end()), old.end()};
  std::int64_t next = old.empty() ? 0 : std::prev(old.end())->first.chunk + 1;
  for (const std::string& bytes : hour.chunks) {
    device.chunks.emplace(
        ChunkKey{.hour = hour.of.hour, .chunk = next++},
        MemoryChunk{.bytes = bytes_of(bytes), .mark = all.next_mark++, .over = hour.over});
  }
  if (hour.taken != 0) all.taken.change().insert_or_assign(hour.of, hour.taken);
}

// `applied` implies the state of each hour, which is not written again.
inline void put_applied(MemoryRows& all, std::uint64_t applied) {
  all.applied = std::max(all.applied, applied);
  std::erase_if(all.taken.change(), [&](const auto& row) { return row.second <= all.applied; });
}

inline void put_event(MemoryRows& all, const StoredEvent& stored) {
  using enum journal::EventKind;
  const journal::DeviceEvent& event = stored.event;
  DeviceTables& device = all.devices[event.device].change();
  const bool begins = event.kind == kFaultBegan;
  const auto [at, is_new] =
      device.events.emplace(position_of(stored), MemoryEvent{.event = event, .is_open = begins});
  if (!is_new || (!begins && event.kind != kFaultEnded)) return;
  for (auto& [position, each] : device.events) {
    if (position != at->first && each.event.field == event.field) each.is_open = false;
  }
}

inline Status check_names(const MemoryRows& tables, const Changes& changes) {
  std::map<FieldId, std::string_view> fresh;
  for (const auto& [id, name] : changes.names) {
    if (tables.names->contains(id) || !fresh.emplace(id, name).second) {
      return fail(ErrorCode::kConflict, fmt::format("field {} has a name already", id));
    }
  }
  return {};
}

}  // namespace memory

inline Status MemoryStore::write(const Changes& changes) {
  if (on_write_) {
    GL_TRY(on_write_());
  }
  std::uint64_t applied = 0;
  if (changes.applied) {
    GL_TRY(const auto common, changes.applied->common());
    applied = common;
  }
  return tables_->change([&](MemoryRows& all) -> Status {
    GL_TRY(memory::check_names(all, changes));
    if (!changes.names.empty()) {
      all.names.change().insert(changes.names.begin(), changes.names.end());
    }
    for (const Changes::Hour& hour : changes.hours) memory::put_hour(all, hour);
    for (const Changes::Energies& row : changes.energies) {
      all.devices[row.of.device].change().energies.insert_or_assign(row.of.hour,
                                                                    bytes_of(row.bytes));
    }
    for (const StoredTwin& twin : changes.twins) all.devices[twin.device].change().twin = twin;
    for (const AuditRow& row : changes.audit) {
      all.audit.change().try_emplace(row.sequence, bytes_of(row.entry));
    }
    for (const StoredEvent& stored : changes.events) memory::put_event(all, stored);
    if (changes.applied) memory::put_applied(all, applied);
    return {};
  });
}

inline Result<journal::Positions> MemoryStore::applied() {
  return read([](const MemoryRows& all) { return journal::Positions::everywhere(all.applied); });
}

inline Result<std::vector<std::string>> MemoryStore::names() {
  return read([](const MemoryRows& all) -> Result<std::vector<std::string>> {
    std::vector<std::string> names;
    for (const auto& [id, name] : *all.names) {
      if (id != names.size()) {
        return fail(ErrorCode::kMalformed,
                    fmt::format("the name of field {} is missing", names.size()));
      }
      names.push_back(name);
    }
    return names;
  });
}

inline Result<std::vector<StoredTwin>> MemoryStore::twins() {
  return read([](const MemoryRows& all) {
    std::vector<StoredTwin> twins;
    for (const auto& [number, device] : all.devices) {
      if (device->twin) twins.push_back(*device->twin);
    }
    return twins;
  });
}

inline Result<TakenRecords> MemoryStore::taken() {
  return read(
      [](const MemoryRows& all) { return TakenRecords{.of = *all.taken, .is_known = true}; });
}

inline Result<std::vector<StoredEvent>> MemoryStore::open_faults() {
  return read([](const MemoryRows& all) {
    std::vector<StoredEvent> open;
    for (const auto& [number, device] : all.devices) {
      for (const auto& [position, each] : device->events) {
        if (each.is_open) open.push_back({.id = position.id, .event = each.event});
      }
    }
    std::ranges::sort(open, {}, &StoredEvent::id);
    return open;
  });
}

inline Result<std::vector<DeviceHour>> MemoryStore::open_hours() {
  return read([](const MemoryRows& all) {
    std::vector<DeviceHour> hours;
    for (const auto& [number, device] : all.devices) {
      for (const auto& [key, chunk] : device->chunks) {
        const DeviceHour of{.device = number, .hour = key.hour};
        if (!chunk.over && (hours.empty() || hours.back() != of)) hours.push_back(of);
      }
    }
    return hours;
  });
}

inline Result<bool> MemoryStore::has_taken(const DeviceHour& of, std::uint64_t record) {
  return read([&](const MemoryRows& all) {
    if (all.applied >= record) return true;
    const auto found = all.taken->find(of);
    return found != all.taken->end() && found->second >= record;
  });
}

inline Status MemoryStore::each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                                      const OnBytes& on_chunk) {
  return read([&](const MemoryRows& all) -> Status {
    for (const auto& [key, chunk] : chunks_of(device_of(all, device), from, to)) {
      GL_TRY(on_chunk(key.hour, *chunk.bytes));
    }
    return {};
  });
}

inline Result<bool> MemoryStore::chunks_from(DeviceNumber device, const ChunkPosition& place,
                                             std::int64_t to, const OnChunk& on_chunk) {
  return read([&](const MemoryRows& all) -> Result<bool> {
    const Chunks& chunks = device_of(all, device).chunks;
    const ChunkKey from{.hour = place.hour, .chunk = place.chunk};
    for (const auto& [key, chunk] : std::ranges::subrange(
             chunks.lower_bound(from), chunks.lower_bound(std::max(from, ChunkKey{.hour = to})))) {
      const auto goes_on =
          on_chunk({.hour = key.hour, .chunk = key.chunk, .before = chunk.mark}, *chunk.bytes);
      if (!goes_on || !*goes_on) return goes_on;
    }
    return true;
  });
}

inline Result<StoreReader::ChunkPosition> MemoryStore::resume(DeviceNumber device,
                                                              const ChunkPosition& place) {
  if (place.chunk == 0) return place;
  return read([&](const MemoryRows& all) {
    const Chunks& chunks = device_of(all, device).chunks;
    const auto before = chunks.find({.hour = place.hour, .chunk = place.chunk - 1});
    const bool same = before != chunks.end() && before->second.mark == place.before;
    return same ? place : ChunkPosition{.hour = place.hour};
  });
}

inline Status MemoryStore::each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                       const OnBytes& on_energy, const OnHour& /*on_damaged*/) {
  return read([&](const MemoryRows& all) {
    return memory::each_hour(device_of(all, device).energies, from, to, on_energy);
  });
}

inline Status MemoryStore::each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                       const OnBytes& on_rollup) {
  return read([&](const MemoryRows& all) {
    return memory::each_hour(device_of(all, device).rollups, from, to, on_rollup);
  });
}

inline Result<std::optional<std::int64_t>> MemoryStore::hour_before(DeviceNumber device,
                                                                    std::int64_t hour) {
  return read([&](const MemoryRows& all) -> std::optional<std::int64_t> {
    const Chunks& chunks = device_of(all, device).chunks;
    const auto after = chunks.lower_bound({.hour = hour});
    if (after == chunks.begin()) return std::nullopt;
    return std::prev(after)->first.hour;
  });
}

inline Result<std::optional<std::int64_t>> MemoryStore::hour_from(DeviceNumber device,
                                                                  std::int64_t hour) {
  return read([&](const MemoryRows& all) -> std::optional<std::int64_t> {
    const DeviceTables& tables = device_of(all, device);
    std::optional<std::int64_t> first;
    if (const auto chunk = tables.chunks.lower_bound({.hour = hour});
        chunk != tables.chunks.end()) {
      first = chunk->first.hour;
    }
    if (const auto energy = tables.energies.lower_bound(hour); energy != tables.energies.end()) {
      first = std::min(first.value_or(energy->first), energy->first);
    }
    return first;
  });
}

inline Result<std::optional<std::int64_t>> MemoryStore::rollup_from(DeviceNumber device,
                                                                    std::int64_t hour) {
  return read([&](const MemoryRows& all) -> std::optional<std::int64_t> {
    const DeviceTables& tables = device_of(all, device);
    const auto first = tables.rollups.lower_bound(hour);
    return first == tables.rollups.end() ? std::nullopt : std::optional(first->first);
  });
}

inline Result<StoredHours> MemoryStore::hours_since(DeviceNumber device, std::int64_t mark,
                                                    std::size_t most) {
  return read([&](const MemoryRows& all) {
    std::map<std::int64_t, std::int64_t> marks;
    for (const auto& [key, chunk] : device_of(all, device).chunks) {
      marks[key.hour] = std::max(marks[key.hour], chunk.mark);
    }
    StoredHours stored{.numbering = 1, .newest = all.next_mark - 1, .hours = {}};
    for (const auto& [hour, last] : marks) {
      if (last > mark) stored.hours.push_back({.hour = hour, .mark = last});
    }
    std::ranges::sort(stored.hours, {}, &StoredHours::Hour::mark);
    stored.hours.resize(std::min(stored.hours.size(), most));
    return stored;
  });
}

inline Result<std::vector<std::int64_t>> MemoryStore::hours_without_energies(DeviceNumber device,
                                                                             std::int64_t from,
                                                                             std::int64_t to) {
  return read([&](const MemoryRows& all) {
    const DeviceTables& tables = device_of(all, device);
    std::vector<std::int64_t> hours;
    for (const auto& [key, chunk] : chunks_of(tables, from, to)) {
      const bool is_missing = !chunk.over || !tables.energies.contains(key.hour);
      if (is_missing && (hours.empty() || hours.back() != key.hour)) hours.push_back(key.hour);
    }
    return hours;
  });
}

inline Status MemoryStore::each_audit(const OnAudit& on_entry) {
  return read([&](const MemoryRows& all) -> Status {
    for (const auto& [sequence, entry] : std::views::reverse(*all.audit)) {
      if (!on_entry({.sequence = sequence, .entry = *entry})) break;
    }
    return {};
  });
}

inline Status MemoryStore::each_event(DeviceNumber device, std::int64_t from_ms,
                                      const EventPosition& before, const OnEvent& on_event) {
  return read([&](const MemoryRows& all) -> Status {
    const Events& events = device_of(all, device).events;
    const auto from = events.lower_bound({.at_ms = from_ms});
    auto at = events.lower_bound(std::max(before, EventPosition{.at_ms = from_ms}));
    while (at != from) {
      --at;
      if (!on_event({.id = at->first.id, .event = at->second.event})) break;
    }
    return {};
  });
}

inline Result<std::vector<StoredEvent>> MemoryStore::events_since(std::uint64_t id,
                                                                  std::size_t most) {
  return read([&](const MemoryRows& all) {
    std::vector<StoredEvent> events;
    for (const auto& [number, device] : all.devices) {
      for (const auto& [position, each] : device->events) {
        if (position.id > id) events.push_back({.id = position.id, .event = each.event});
      }
    }
    std::ranges::sort(events, {}, &StoredEvent::id);
    events.resize(std::min(events.size(), most));
    return events;
  });
}

}  // namespace gridloom::history
