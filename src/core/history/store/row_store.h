// History's store in described tables (history_tables.h), whichever database has them.
//
// A row whose checksum is wrong, where the database's tables have such, is left out and counted.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/store/change_writer.h"
#include "history/store/companion.h"
#include "history/store/damaged_rows.h"
#include "history/store/store.h"
#include "tables/connection.h"

namespace gridloom::history {

// Writes a store's changes, one transaction for each write(): it knows what the storage has,
// notices whether somebody else changed that, and finds out whether a COMMIT was carried out that
// was not answered.
class StoreWriter {
 public:
  StoreWriter(tables::TableConnection& connection, Companion& companion, DamagedRows& damaged)
      : connection_(connection), companion_(companion), damaged_(damaged) {}

  // As RowStore::write().
  [[nodiscard]] Status write(const Changes& changes);
  // As Store::applied().
  [[nodiscard]] Result<journal::Positions> applied();
  // To be called before the store is used: takes back what the last write() stored, if that is not
  // known to its caller. kIo: the database does not tell yet.
  [[nodiscard]] Status settle();

 private:
  enum class Room : std::uint8_t { kKnown, kKept };  // until the end of the transaction
  enum class Outcome : std::uint8_t { kCommitted, kNotCommitted };
  [[nodiscard]] Result<tables::Transaction> begin(const LogMove& move = {});
  [[nodiscard]] Status commit(ChangeWriter& writer, Room room);
  [[nodiscard]] Result<Outcome> outcome_of(const ChangeWriter& writer);
  [[nodiscard]] Status superseded(std::int64_t number);
  [[nodiscard]] Result<WriterState> repaired();

  tables::TableConnection& connection_;
  Companion& companion_;
  DamagedRows& damaged_;
  std::optional<WriterState> state_;     // nothing: not read yet
  std::optional<ChangeWriter> unknown_;  // a write() whose outcome is not known
  std::optional<Error> superseded_;
};

class RowStore final : public Store {
 public:
  // Only one store writes to a storage at a time: see write().
  RowStore(std::shared_ptr<tables::TableConnection> connection,
           std::unique_ptr<Companion> companion, std::shared_ptr<DamagedRows> damaged);

  // kConflict also: the storage has changes that this store did not make, or has lost some that it
  // made, after a failover; or another owns it. Then nothing is written until the store is opened
  // again.
  // If a COMMIT is not answered, the database is asked whether it was carried out. As long as it
  // does not answer that either, the result is kIo; what was stored nevertheless is taken back
  // before the store is next used.
  [[nodiscard]] Status write(const Changes& changes) override;
  [[nodiscard]] bool is_checkpointed() const override { return is_checkpointed_; }
  [[nodiscard]] Status answers() override;
  [[nodiscard]] Result<journal::Positions> applied() override { return writer_.applied(); }
  [[nodiscard]] Result<std::vector<std::string>> names() override;
  [[nodiscard]] Result<std::vector<StoredTwin>> twins() override;
  [[nodiscard]] Result<TakenRecords> taken() override;
  [[nodiscard]] Result<std::vector<StoredEvent>> open_faults() override;
  [[nodiscard]] Result<std::vector<DeviceHour>> open_hours() override;

  // Records up to the least of all positions count as applied.
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

  // For statements that see the moment of a snapshot().
  [[nodiscard]] tables::TableConnection& connection() { return *connection_; }

 private:
  using OnDamaged = std::function<void(const tables::RowView& row)>;
  // Also hears of damaged rows, while this lives.
  class Noticing;
  enum class Read : std::uint8_t { kAll, kSome, kStopped };

  [[nodiscard]] Status begin_snapshot() override;
  void end_snapshot() override { connection_->end(); }
  [[nodiscard]] Status each_hour(const tables::Table& table, const DeviceHour& from,
                                 std::int64_t to, const OnBytes& on_bytes);
  // Reads some chunks, and moves the place behind them.
  [[nodiscard]] Result<Read> read_some(DeviceNumber device, ChunkPosition& place, std::int64_t to,
                                       const OnChunk& on_chunk);
  [[nodiscard]] Result<bool> read_on(DeviceNumber device, ChunkPosition place, std::int64_t to,
                                     const OnChunk& on_chunk);
  [[nodiscard]] Result<std::optional<std::int64_t>> first_hour(
      std::string_view sql, const tables::Parameters& parameters);

  const std::shared_ptr<tables::TableConnection> connection_;
  const std::unique_ptr<Companion> companion_;
  const std::shared_ptr<DamagedRows> damaged_;
  OnDamaged on_damaged_;
  StoreWriter writer_;
  bool is_checkpointed_ = true;
};

}  // namespace gridloom::history
