// History's tables as one side of a copy (transfer/copy.h). The mark of a chunk is carried as the
// day on which it was stored, as the running days say: marks are those of one storage.
//
// Thread rule: as for the TableConnection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/store/history_tables.h"
#include "tables/side.h"

namespace gridloom::history {

class HistorySide : public tables::Side {
 public:
  explicit HistorySide(std::unique_ptr<tables::TableConnection> connection)
      : Side(std::move(connection), kHistorySchema) {}

  [[nodiscard]] Status each_row(const transfer::Table& table, const transfer::Span& span,
                                const OnRow& on_row) override;

 protected:
  [[nodiscard]] Status insert(const tables::Table& table,
                              const std::vector<transfer::Row>& rows) override;

 private:
  [[nodiscard]] Result<std::map<std::int64_t, std::int64_t>> days_by_mark();
  [[nodiscard]] Status read_newest_marks();
  // Makes all later marks be above.
  [[nodiscard]] Status raise_mark(std::int64_t mark);

  // By day: of chunks that are stored. Nothing: not read yet.
  std::optional<std::map<std::int64_t, std::int64_t>> newest_marks_;
};

}  // namespace gridloom::history
