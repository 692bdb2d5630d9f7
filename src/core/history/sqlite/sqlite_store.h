// History's store in tables of one SQLite database (DATA/history.db; docs/internals/formats.md
// shows them). Each row has a checksum that is verified when the row is read
// (history/sqlite/row_check.h): a damaged row is reported to DamagedRows and left out. The
// damaged row stays in the file.
//
// One SqliteStore is one database connection: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/sqlite/row_check.h"
#include "history/store/store.h"
#include "storage/sqlite.h"

namespace gridloom::history {

class SqliteStore final : public Store {
 public:
  // Creates the file if there is none; upgrades one of an earlier version. kDamaged: the file is
  // damaged; kMalformed: it is of a later version. Several stores may report to one DamagedRows.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(
      const std::filesystem::path& data,
      std::shared_ptr<DamagedRows> damaged = std::make_shared<DamagedRows>());

  [[nodiscard]] Status write(const Changes& changes) override;
  // Stored data are in the file, and not in its write-ahead log alone.
  [[nodiscard]] bool is_checkpointed() const override { return is_in_file_; }
  // A damaged row is written anew, with the lower number that is returned.
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
  struct HourRow;
  [[nodiscard]] Status begin_snapshot() override;
  void end_snapshot() override { snapshot_.reset(); }
  [[nodiscard]] Status each_hour(const HourRow& rows, const DeviceHour& from, std::int64_t to,
                                 const OnBytes& on_bytes, const OnHour& on_damaged);
  [[nodiscard]] Status put_hours(const std::vector<Changes::Hour>& hours);
  [[nodiscard]] Status put_taken(const DeviceHour& of, std::uint64_t record);
  [[nodiscard]] Status put_applied(std::uint64_t applied);
  [[nodiscard]] Result<std::uint64_t> applied_record();
  [[nodiscard]] Status remove_parts(const DeviceHour& of);
  [[nodiscard]] Result<std::optional<std::int64_t>> first_hour(std::string_view sql,
                                                               DeviceNumber device,
                                                               std::int64_t hour);

  SqliteStore(storage::Database database, std::shared_ptr<DamagedRows> damaged)
      : database_(std::move(database)), damaged_(std::move(damaged)) {}

  storage::Database database_;
  std::shared_ptr<DamagedRows> damaged_;
  std::optional<storage::Transaction> snapshot_;
  bool is_in_file_ = true;
};

}  // namespace gridloom::history
