// The permanent storage of blocks, energies, twins and the audit: tables of one SQLite database
// (DATA/history.db; docs/internals/formats.md shows them). Each row has a checksum that is verified
// when the row is read (history/store/row_checksum.h): a damaged row is reported to DamagedRows and
// left out, unless a function says otherwise. The damaged row stays in the file.
//
// One Store is one database connection: one thread at a time. The server has one Store that writes
// and one for each thread that reads; readers see committed data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/device_number.h"
#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/hours.h"
#include "history/store/damaged_rows.h"
#include "journal/positions.h"
#include "storage/sqlite.h"

namespace gridloom::history {

struct DeviceHour {
  DeviceNumber device = 0;
  std::int64_t hour = 0;
  friend auto operator<=>(const DeviceHour&, const DeviceHour&) = default;
};

// A twin in the form in which the hub saves it.
struct StoredTwin {
  DeviceNumber device = 0;
  std::string sn;
  std::string text;
};

struct AuditRow {
  std::uint64_t sequence = 0;
  std::string entry;     // a JSON object: at, what, who, sn, ...
  bool damaged = false;  // `entry` holds what is left of the damaged entry
};

// Changes that are committed in one transaction.
struct Changes {
  struct Hour {
    DeviceHour of;
    std::vector<std::string> chunks;  // history/blocks/chunk.h
    bool over = false;                // the hour is over: these replace all its stored chunks
    // The last record of the log that was taken when the chunks were made: they have all rows of
    // the hour up to it that the store did not have.
    std::uint64_t taken = 0;
  };
  struct Energies {
    DeviceHour of;
    std::string bytes;
  };
  std::vector<std::pair<FieldId, std::string>> names;
  std::vector<Hour> hours;
  std::vector<Energies> energies;
  std::vector<StoredTwin> twins;
  std::vector<AuditRow> audit;
  // The database contains the records of the journal up to these.
  std::optional<journal::Positions> applied;
};

// How much of the log the store has of the hours that have more than Changes::applied tells: a
// record that is read again has rows of many devices, and those of some are stored already.
struct TakenRecords {
  std::map<DeviceHour, std::uint64_t> of;
  // False: these are not all, as a program that does not write them used the file, or as they are
  // damaged. The rows themselves have to be compared.
  bool is_known = false;
};

class Store {
 public:
  // Creates the file if there is none; upgrades one of an earlier version. kMalformed: damaged, or
  // of a later version. Several stores may report to one DamagedRows.
  [[nodiscard]] static Result<Store> open(
      const std::filesystem::path& data,
      std::shared_ptr<DamagedRows> damaged = std::make_shared<DamagedRows>());

  // Commits all changes, or none of them if an error is returned. kConflict: Changes::applied
  // differs among partitions, and the file has one number for all of them.
  [[nodiscard]] Status write(const Changes& changes);
  // What the last write() with `applied` stored is in the file, and not in its write-ahead log
  // alone: records up to there may leave the log.
  [[nodiscard]] bool is_in_file() const { return is_in_file_; }

  // The last applied record of the journal (Changes::applied), one number for all partitions. If
  // its row is damaged, a lower number that is safe: the journal is read again from there, and the
  // row is written anew.
  [[nodiscard]] Result<journal::Positions> applied();
  // Field names, by FieldId. A damaged name is replaced by `damaged.field.N`, which no device
  // reports: the field's stored values stay available under that name.
  [[nodiscard]] Result<std::vector<std::string>> names();
  [[nodiscard]] Result<std::vector<StoredTwin>> twins();
  [[nodiscard]] Result<TakenRecords> taken();
  // Whether the store has the rows that the log's records up to `record` have of an hour.
  [[nodiscard]] Result<bool> has_taken(const DeviceHour& of, std::uint64_t record);
  // While the returned object lives, all that is read is of one moment.
  [[nodiscard]] Result<storage::Transaction> snapshot();
  // Hours with chunks that are not marked as over.
  [[nodiscard]] Result<std::vector<DeviceHour>> open_hours();

  // The chunks of the hours [from, to) of a device, in their order; views live as long as the call.
  using OnBytes = std::function<Status(std::int64_t hour, std::string_view bytes)>;
  [[nodiscard]] Status each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                                  const OnBytes& on_chunk);
  // Reads the chunks from `place` up to hour `to` until `on_chunk` returns false. True: all were
  // read.
  struct ChunkPosition {
    std::int64_t hour = 0;
    std::int64_t chunk = 0;   // the next chunk
    std::int64_t before = 0;  // identifies the content of the chunk before it

    // The place after a chunk that on_chunk() was called with.
    [[nodiscard]] ChunkPosition after() const {
      return {.hour = hour, .chunk = chunk + 1, .before = before};
    }
  };
  // Where a reader that continues after a chunk has to continue: at `place`, or at the first chunk
  // of its hour if the hour was rewritten meanwhile.
  [[nodiscard]] Result<ChunkPosition> resume(DeviceNumber device, const ChunkPosition& place);
  using OnChunk = std::function<Result<bool>(const ChunkPosition& at, std::string_view bytes)>;
  [[nodiscard]] Result<bool> chunks_from(DeviceNumber device, const ChunkPosition& place,
                                         std::int64_t to, const OnChunk& on_chunk);
  // Energies of the hours [from, to). `on_damaged`, if given, is called for hours whose energies
  // are left out because their row is damaged.
  using OnHour = std::function<void(std::int64_t hour)>;
  [[nodiscard]] Status each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const OnBytes& on_energy, const OnHour& on_damaged = {});
  // 15-minute rollups of hours whose blocks were too old to be kept (history/blocks/rollup.h).
  [[nodiscard]] Status each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const OnBytes& on_rollup);
  // hour_before(): the last hour before `hour` that has blocks. hour_from(): the first hour from
  // `hour` on that has blocks or energies.
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(DeviceNumber device,
                                                                std::int64_t hour);
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_from(DeviceNumber device,
                                                              std::int64_t hour);
  // Hours of [from, to) that have blocks but no stored energies, or whose blocks may contain more
  // than the stored energies because the hour is not over.
  [[nodiscard]] Result<std::vector<std::int64_t>> hours_without_energies(DeviceNumber device,
                                                                         std::int64_t from,
                                                                         std::int64_t to);
  // Audit entries, the newest first, including damaged ones; `on_entry` returns false to stop.
  using OnAudit = std::function<bool(const AuditRow&)>;
  [[nodiscard]] Status each_audit(const OnAudit& on_entry);

 private:
  struct HourRow;
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

  Store(storage::Database database, std::shared_ptr<DamagedRows> damaged)
      : database_(std::move(database)), damaged_(std::move(damaged)) {}

  storage::Database database_;
  std::shared_ptr<DamagedRows> damaged_;
  bool is_in_file_ = true;
};

}  // namespace gridloom::history
