// History's store in tables of a PostgreSQL database (database/history/schema.h shows them).
//
// A call costs what a server that does not answer may take, at most: Connection::Options of its
// pool. kIo: the database is away, full or busy; the same call succeeds once it is not.
//
// The interface's contract for damage holds for pages, which PostgreSQL's own checksums cover (if
// the database has them, as PostgresStoreFactory::open() warns otherwise): kDamaged is the error of
// a read that met a damaged page. Blocks, rollups and energies have a check of their own besides,
// which is verified where they are decoded.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "database/history/store_connection.h"
#include "database/history/store_writer.h"
#include "history/store/store.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/pool.h"

namespace gridloom::history {

class PostgresStore final : public Store {
 public:
  // Connects when it is first used. Only one store writes to a schema at a time: see write().
  // `fence`: of the owner of the slot that the schema is of, or null.
  explicit PostgresStore(std::shared_ptr<postgres::Pool> pool,
                         std::shared_ptr<const cluster::OwnerFence> fence = nullptr)
      : connection_(std::move(pool), std::move(fence)) {}

  // kConflict also: the database has changes that this store did not make, or has lost some that it
  // made, after a failover; or the slot has another owner. Then nothing is written until the store
  // is opened again.
  // If a COMMIT is not answered, the database is asked whether it was carried out. As long as it
  // does not answer that either, the result is kIo; what was stored nevertheless is taken back
  // before the store is next used.
  [[nodiscard]] Status write(const Changes& changes) override { return writer_.write(changes); }
  // Whatever is committed is (synchronous_commit), as far as the database's own log can be trusted.
  [[nodiscard]] bool is_checkpointed() const override { return true; }
  // The positions of all partitions, each its own.
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
  [[nodiscard]] Status answers() override;
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
  [[nodiscard]] StoreConnection& connection() { return connection_; }

 private:
  [[nodiscard]] Status begin_snapshot() override;
  void end_snapshot() override { connection_.end(); }

  // A statement, after what is unknown of the last write() is known.
  template <typename... Values>
  [[nodiscard]] Result<postgres::Rows> query(std::string_view sql, const Values&... values);
  [[nodiscard]] Result<std::optional<std::int64_t>> first_hour(
      const Result<postgres::Rows>& rows) const;
  [[nodiscard]] Status each_hour(std::string_view sql, DeviceNumber device, std::int64_t from,
                                 std::int64_t to, const OnBytes& on_bytes);
  // Stops after `most` chunks as well; `place` is then behind the last of them.
  enum class Read : std::uint8_t { kAll, kSome, kStopped };
  [[nodiscard]] Result<Read> read_some(DeviceNumber device, ChunkPosition& place, std::int64_t to,
                                       const OnChunk& on_chunk);
  [[nodiscard]] Result<bool> read_on(DeviceNumber device, ChunkPosition place, std::int64_t to,
                                     const OnChunk& on_chunk);

  StoreConnection connection_;
  StoreWriter writer_{connection_};
};

}  // namespace gridloom::history
