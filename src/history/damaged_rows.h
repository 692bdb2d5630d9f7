// Rows of history.db that were found damaged: each is logged once, and counted for /healthz and the
// metrics.
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

#include "history/row_checksum.h"

namespace gridloom::history {

class DamagedRows {
 public:
  // The columns that identify a row; what a table does not have is 0.
  struct Row {
    RowTable table{};
    std::int64_t key = 0;  // the device; the field of `name`, the sequence number of `audit`
    std::int64_t hour = 0;
    std::int64_t part = 0;
    friend auto operator<=>(const Row&, const Row&) = default;
  };
  // "device 7, hour 472222, part 0", say.
  [[nodiscard]] static std::string place_of(const Row& row);

  // Rows that are remembered; those beyond are logged each time, and not counted.
  static constexpr std::size_t kMost = 10'000;

  // `why` says what is wrong with it and what that costs.
  void found(const Row& row, std::string_view why);
  [[nodiscard]] std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::set<Row> rows_;
};

}  // namespace gridloom::history
