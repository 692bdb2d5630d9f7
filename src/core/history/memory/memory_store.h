// A connection to history's storage in memory.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/memory/memory_tables.h"
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

}  // namespace gridloom::history
