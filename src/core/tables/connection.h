// One connection to a database whose tables are described (table.h): what each kind of database
// offers its stores. SQL that is given here is such that SQLite and PostgreSQL take: parameters are
// $1, $2 ..., which first appear in this order.
//
// Errors: kConflict (a key or a unique value that exists, a row that is referred to and does not
// exist, or that is removed while it is referred to, a row against a check of its table), kIo (it
// cannot be read or written now), kDamaged. A change in PostgreSQL may be sent later: its error is
// that of the next read, of atomically() or of commit(). After an error in a transaction that is
// not caught by atomically(), only end() may follow.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tables/table.h"

namespace gridloom::tables {

// A row that is read. Columns count from 0; NULL reads as 0 or as no bytes. Views live until the
// next row.
class RowView {
 public:
  RowView() = default;
  RowView(const RowView&) = delete;
  RowView& operator=(const RowView&) = delete;
  virtual ~RowView() = default;

  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  [[nodiscard]] virtual std::string_view bytes(int column) const = 0;
};
// The columns of a whole row, whose bytes stay the view's.
[[nodiscard]] Row row_of(const Table& table, const RowView& view);

// "table message, session 7, sequence 12": of a damaged row, whose texts may have any bytes.
[[nodiscard]] std::string place_of(const Table& table, const RowView& view, int first_key = 0);

using Parameters = std::vector<Value>;
// False: no more rows. The connection must not be used meanwhile.
using OnRow = std::function<Result<bool>(const RowView& row)>;

// The reads of a connection.
class TableReader {
 public:
  TableReader() = default;
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;
  virtual ~TableReader() = default;

  // Reads what a SELECT returns.
  [[nodiscard]] virtual Status each(std::string_view sql, const Parameters& parameters,
                                    const OnRow& on_row) = 0;
  // Reads whole rows of a table, and leaves out those that are damaged. `rest` follows the name of
  // the table: "WHERE device = $1 ORDER BY hour".
  [[nodiscard]] virtual Status read(const Table& table, std::string_view rest,
                                    const Parameters& parameters, const OnRow& on_row) = 0;
  // The same of the rows that have these values in these columns, and for which the SQL `only`,
  // which calls such a row `here`, is true; empty: it always is.
  using Names = std::span<const std::string_view>;
  [[nodiscard]] virtual Status read_each(const Table& table, Names columns,
                                         std::span<const Row> rows, std::string_view only,
                                         const OnRow& on_row) = 0;
  // The keys alone of the rows that have these values in these columns, damaged ones too.
  [[nodiscard]] virtual Status read_keys(const Table& table, Names columns,
                                         std::span<const Row> rows, const OnRow& on_row) = 0;
  // read() for one who may stop early. Where a database sends rows ahead (reads_ahead()), it sends
  // no more than these: `rest` ends with an ORDER BY. The last row passes the bytes.
  struct Ahead {
    std::size_t rows = 0;
    std::size_t bytes = 0;  // in `column`; 0: any
    std::string_view column{};
  };
  [[nodiscard]] virtual Status read_ahead(const Table& table, std::string_view rest,
                                          const Parameters& parameters, const Ahead& /*ahead*/,
                                          const OnRow& on_row) {
    return read(table, rest, parameters, on_row);
  }
  [[nodiscard]] virtual bool reads_ahead() const { return false; }
  // Hears of each damaged row that is left out.
  using OnDamaged = std::function<void(const Table& table, const RowView& row)>;
  virtual void on_damaged(OnDamaged /*hear*/) {}
  [[nodiscard]] virtual bool has_checksums() const { return false; }
  // The first column of the first row. kNotFound: there is none.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql,
                                             const Parameters& parameters = {});

  // The number of damaged rows that read() left out, those that it met twice included.
  [[nodiscard]] virtual std::uint64_t damaged() const { return 0; }
  // As SQL orders rows by their keys, in the order of their bytes.
  [[nodiscard]] virtual std::string order_of(const Table& table) const = 0;
};

class TableConnection : public TableReader {
 public:
  // kReading: all reads see the state of the first of them.
  enum class Access : std::uint8_t { kWriting, kReading };
  [[nodiscard]] virtual Status begin(Access access) = 0;
  // Durable when it returns.
  [[nodiscard]] virtual Status commit() = 0;
  // Takes back what was not committed; nothing: there is no transaction.
  virtual void end() = 0;
  [[nodiscard]] virtual bool is_in_transaction() const = 0;
  // Whether the last commit() was not answered: it may have been carried out.
  [[nodiscard]] virtual bool is_unanswered() const { return false; }
  // A place in a large transaction up to which a database may commit it, if it has_steps(), and
  // begin another.
  [[nodiscard]] virtual Status step() { return {}; }
  [[nodiscard]] virtual bool has_steps() const { return false; }
  // Until the end of the transaction no other connection has the lock of this name.
  [[nodiscard]] virtual Status lock(std::string_view name) = 0;
  // Within a transaction: if `work` fails, its changes alone are taken back.
  [[nodiscard]] virtual Status atomically(const std::function<Status()>& work) = 0;

  [[nodiscard]] virtual Status insert_all(const Table& table, std::span<const Row> rows) = 0;
  // Replaces the rows that have the same keys.
  [[nodiscard]] virtual Status put_all(const Table& table, std::span<const Row> rows) = 0;
  // Inserts those whose keys no row has.
  [[nodiscard]] virtual Status add_missing(const Table& table, std::span<const Row> rows) = 0;
  // Sets columns in the rows with these keys. A row of `rows` has the columns that are set and
  // then the keys. One that does not exist stays so.
  [[nodiscard]] virtual Status update_all(const Table& table, Names columns,
                                          std::span<const Row> rows) = 0;
  // Removes the rows that have these values in these columns, and for which the SQL `only`, which
  // calls such a row `here`, is true; empty: it always is.
  [[nodiscard]] virtual Status remove_all(const Table& table, Names columns,
                                          std::span<const Row> rows, std::string_view only) = 0;
  // Removes the first rows, by their keys, for which the SQL `where` is true; returns their number.
  [[nodiscard]] virtual Result<std::int64_t> remove_some(const Table& table, std::string_view where,
                                                         const Parameters& parameters,
                                                         std::int64_t most) = 0;
  static constexpr std::int64_t kAll = INT64_MAX;

  // Makes a table that is not of the schema, if it does not exist, or removes it.
  [[nodiscard]] virtual Status make(const Table& table) = 0;
  [[nodiscard]] virtual Status drop(const Table& table) = 0;

  // kDamaged: a table that is counted differs from what was written. Reads all of its rows.
  [[nodiscard]] virtual Status check(std::span<const Table* const> all) = 0;
  // Moves what was committed to where no damage of the database's own log can reach it. False: that
  // was not possible now.
  virtual bool empty_log() = 0;
  // One row each.
  [[nodiscard]] Status insert(const Table& table, const Row& row) {
    return insert_all(table, std::span(&row, 1));
  }
  [[nodiscard]] Status put(const Table& table, const Row& row) {
    return put_all(table, std::span(&row, 1));
  }
  [[nodiscard]] Status update(const Table& table, std::initializer_list<std::string_view> columns,
                              const Row& row) {
    return update_all(table, Names(columns.begin(), columns.size()), std::span(&row, 1));
  }
  [[nodiscard]] Status remove(const Table& table, std::initializer_list<std::string_view> columns,
                              const Row& row) {
    return remove_all(table, Names(columns.begin(), columns.size()), std::span(&row, 1), {});
  }
};

// A transaction of a connection, which outlives it; taken back unless it was committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(
      TableConnection& connection,
      TableConnection::Access access = TableConnection::Access::kWriting);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  [[nodiscard]] Status commit();

 private:
  explicit Transaction(TableConnection& connection) : connection_(&connection) {}

  TableConnection* connection_;
};

}  // namespace gridloom::tables
