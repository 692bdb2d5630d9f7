// The tables of a store as one side of a copy (transfer/copy.h), in whichever database has them.
//
// Thread rule: as for the TableConnection.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tables/connection.h"
#include "tables/schema.h"
#include "tables/table.h"
#include "transfer/tables.h"

namespace gridloom::tables {

[[nodiscard]] transfer::Table copied(const Table& table);

// "WHERE ... ORDER BY ..." of a span, with its parameters. `order`: TableConnection::order_of().
class SpanOfKeys {
 public:
  // `span` outlives this.
  SpanOfKeys(const Table& table, const transfer::Span& span, std::string_view order);
  // "WHERE ..."; empty: of all rows. And with the order.
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }

 private:
  void add(std::string_view relation, const transfer::Row& end, std::string_view order);

  const Table& table_;
  std::string where_;
  std::string sql_;
  Parameters parameters_;
};

// The places of a copy that was interrupted, by the name of the table.
namespace columns {
inline constexpr std::array kPlaces{Column{.name = "name", .type = ColumnType::kText},
                                    Column{.name = "text", .type = ColumnType::kBytes}};
}  // namespace columns
inline constexpr Table kPlaces{.number = 255, .name = "migration", .columns = columns::kPlaces};

class Side : public transfer::Target {
 public:
  // The references outlive this. Tables that refer to each other are replaced as a whole.
  Side(TableConnection& connection, const Schema& schema)
      : connection_(connection), schema_(schema) {}
  Side(std::unique_ptr<TableConnection> connection, const Schema& schema)
      : owned_(std::move(connection)), connection_(*owned_), schema_(schema) {}

  [[nodiscard]] std::vector<transfer::Table> tables() const override;
  [[nodiscard]] Status each_row(const transfer::Table& table, const transfer::Span& span,
                                const OnRow& on_row) override;
  [[nodiscard]] std::uint64_t damaged() const override { return connection_.damaged(); }
  [[nodiscard]] Unit unit() const override;
  [[nodiscard]] Status replace(const transfer::Table& table, const transfer::Span& span,
                               const std::vector<transfer::Row>& rows,
                               const transfer::Row& place) override;
  [[nodiscard]] Result<transfer::Row> place(const transfer::Table& table) override;
  [[nodiscard]] Status replace_all(const std::vector<std::vector<transfer::Row>>& rows) override;
  [[nodiscard]] Status end() override;

 protected:
  // The work before the transaction that writes rows, and within it before other rows are removed.
  [[nodiscard]] virtual Status prepare(const Table& table, const std::vector<transfer::Row>& rows);
  [[nodiscard]] virtual Status removing(const Table& table, const transfer::Span& span);
  [[nodiscard]] virtual Status insert(const Table& table, const std::vector<transfer::Row>& rows);
  [[nodiscard]] const Table& of(const transfer::Table& table) const;
  [[nodiscard]] TableConnection& connection() { return connection_; }

 private:
  const std::unique_ptr<TableConnection> owned_;
  TableConnection& connection_;
  const Schema& schema_;
};

}  // namespace gridloom::tables
