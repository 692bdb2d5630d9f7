// The tables of one store, as rows are read from them and written to them: an interface that each
// kind of store has.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transfer/rows.h"

namespace gridloom::transfer {

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // In the order in which they are to be copied. The same on both sides.
  [[nodiscard]] virtual std::vector<Table> tables() const = 0;
  // Reads rows in ascending order until `on_row` returns false or an error. A damaged row is left
  // out and counted. kIo, kDamaged: the store cannot be read.
  using OnRow = std::function<Result<bool>(Row row)>;
  [[nodiscard]] virtual Status each_row(const Table& table, const Span& span,
                                        const OnRow& on_row) = 0;
  // The number of damaged rows that each_row() left out, those that it met twice included.
  [[nodiscard]] virtual std::uint64_t damaged() const { return 0; }
};

class Target : public Source {
 public:
  enum class Unit : std::uint8_t {
    kSpan,   // spans of tables can be replaced
    kStore,  // tables refer to each other: only all of them can be replaced
  };
  [[nodiscard]] virtual Unit unit() const { return Unit::kSpan; }
  // Replaces the rows of the span, in one transaction. `place` is kept with them; empty: the one of
  // before is.
  [[nodiscard]] virtual Status replace(const Table& table, const Span& span,
                                       const std::vector<Row>& rows, const Row& place) = 0;
  // The place that was kept last; empty: none.
  [[nodiscard]] virtual Result<Row> place(const Table& table) = 0;
  // Replaces all rows of all tables, in the order of tables(), in one transaction.
  [[nodiscard]] virtual Status replace_all(const std::vector<std::vector<Row>>& rows) = 0;
  // All is copied: what helped with that goes, and all is in the store's own files.
  [[nodiscard]] virtual Status end() { return {}; }
};

}  // namespace gridloom::transfer
