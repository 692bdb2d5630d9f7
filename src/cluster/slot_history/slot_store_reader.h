// Reads the tables of a slot for a node that does not own it, as they are under one owner.
//
// Each read sees one moment, and begins with the slot's revision and with the names of fields that
// were stored since. So what is read is of the owner whose heads complete it, and every field that
// is read has a name.
//
// Thread rule: one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/blocks/field_names.h"
#include "history/store/row_store.h"
#include "history/store/store.h"
#include "ownership/node_id.h"

namespace gridloom::history {

// The names of a slot's fields under one owner, by its numbers. Any thread.
struct SlotNames {
  cluster::Revision revision = 0;
  FieldNames names{{}};
  std::atomic<std::int64_t> stored{0};  // of them, the first ones, in the database
};

class SlotStoreReader final : public StoreReader {
 public:
  struct Options {
    std::string cluster_schema;
    cluster::Slot slot{};
    std::shared_ptr<SlotNames> names;
  };
  // `store` is the slot's, and outlives the reader.
  SlotStoreReader(RowStore& store, Options options)
      : store_(&store), options_(std::move(options)) {}
  ~SlotStoreReader() override = default;
  SlotStoreReader(const SlotStoreReader&) = delete;
  SlotStoreReader& operator=(const SlotStoreReader&) = delete;

  // kIo of any function also: the slot has another owner.
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
  [[nodiscard]] Status begin_snapshot() override;
  void end_snapshot() override { moment_.reset(); }
  [[nodiscard]] Status check_owner_and_read_names();
  // Reads within a snapshot: the caller's, or one of its own.
  template <typename Read>
  [[nodiscard]] std::invoke_result_t<Read> in_moment(const Read& read);

  RowStore* store_;
  const Options options_;
  std::optional<Snapshot> moment_;  // of store_
};

}  // namespace gridloom::history
