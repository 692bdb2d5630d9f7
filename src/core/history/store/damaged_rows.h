// Counts the damaged rows that were found in history's storage, for /healthz and the metrics, and
// logs each once.
//
// Thread rule: any function from any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "tables/connection.h"
#include "tables/table.h"

namespace gridloom::history {

class DamagedRows {
 public:
  // Maximum number of remembered rows; further rows are logged each time, and not counted.
  static constexpr std::size_t kMax = 10'000;

  void found(const tables::Table& table, const tables::RowView& row);
  // `place`: "table block, device 7, hour 472222, chunk 0".
  void found(std::string_view place, std::string_view loss);
  [[nodiscard]] std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> places_;
};

}  // namespace gridloom::history
