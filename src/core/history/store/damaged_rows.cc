#include "history/store/damaged_rows.h"

#include <spdlog/spdlog.h>

namespace gridloom::history {

void DamagedRows::found(const tables::Table& table, const tables::RowView& row) {
  found(tables::place_of(table, row), table.loss);
}

void DamagedRows::found(std::string_view place, std::string_view loss) {
  {
    const std::lock_guard lock(mutex_);
    if (places_.contains(place)) return;
    if (places_.size() < kMax) places_.emplace(place);
  }
  spdlog::error("history: damaged row in {}: {}", place, loss);
}

std::size_t DamagedRows::count() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

}  // namespace gridloom::history
