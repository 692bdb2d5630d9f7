// Whether the rows of history.db are as they were written: their checksums, the damaged ones that
// readers met, and a check of all.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/store/store.h"
#include "history/store/store_check.h"
#include "storage/sqlite.h"

namespace gridloom::history {

// Checksums of the rows of history.db: each row has one over its key and its content, so that a
// flipped bit in either is detected as damage. A row whose flipped key points to another device,
// hour or field fails as well.
//
// docs/internals/formats.md shows the bytes. Pure.
//
// The numbers are part of the checksum: they never change.
enum class RowTable : std::uint8_t {
  kName = 1,
  kBlock = 2,
  kEnergy = 3,
  kQuarter = 4,
  kTwin = 5,
  kAudit = 6,
  kApplied = 7,
  kRunningDay = 8,
  kTaken = 9,
  kEvent = 10,
};

// The table's name in the database.
[[nodiscard]] std::string_view name_of(RowTable table);

// The checksum described in base/digest.h.
[[nodiscard]] std::int64_t row_checksum(RowTable table, std::initializer_list<std::int64_t> keys,
                                        std::string_view content);

// The checksum of a row of `twin`, whose content is two texts.
[[nodiscard]] std::int64_t twin_checksum(std::int64_t device, std::string_view sn,
                                         std::string_view state);

// The checksum of a row of `event`. Open: a fault that has not ended.
enum class FaultState : std::uint8_t { kClosed = 0, kOpen = 1 };
[[nodiscard]] std::int64_t event_checksum(const StoredEvent& stored, FaultState state);

// Changes nothing. A page that is damaged counts as one damage; the rest of its table is skipped,
// as behind one that the disk does not give, and the check continues with the next table.
// kMalformed: the file is not a history.db, or of a later version.
[[nodiscard]] Result<StoreCheck> check_rows(storage::Database& database);

// Counts the damaged rows found in history.db, for /healthz and the metrics, and logs each once.
//
// Thread rule: any function from any thread.
class DamagedRows {
 public:
  // The columns that identify a row; a column that the table does not have is 0.
  struct RowKey {
    RowTable table{};
    std::int64_t key =
        0;  // the device; for `name` the field, for `audit` the sequence number, for `event` the id
    std::int64_t hour = 0;
    std::int64_t chunk = 0;
    friend auto operator<=>(const RowKey&, const RowKey&) = default;
  };
  // Text such as "device 7, hour 472222, part 0".
  [[nodiscard]] static std::string location_of(const RowKey& row);

  // Maximum number of remembered rows; further rows are logged each time, and not counted.
  static constexpr std::size_t kMax = 10'000;

  // `why` describes the damage and its consequence.
  void found(const RowKey& row, std::string_view why);
  [[nodiscard]] std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::set<RowKey> rows_;
};

}  // namespace gridloom::history
