// Counts the damaged rows found in history.db, for /healthz and the metrics, and logs each once.
//
// Thread rule: any function from any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "history/sqlite/row_checksum.h"

namespace gridloom::history {

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
