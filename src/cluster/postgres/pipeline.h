// Sends many statements without waiting for the answer of each: one round trip for all of them.
//
// They are one implicit transaction, or part of the one that is open. After one that fails the
// others are not run. Thread rule: as for the Connection, which outlives this.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/values.h"

namespace gridloom::postgres {

class Pipeline {
 public:
  explicit Pipeline(Connection& connection) : connection_(&connection) {}

  template <typename... T>
  void add(std::string_view sql, const T&... values) {
    Values all;
    (all.add(values), ...);
    add_values(sql, std::move(all));
  }
  void add_values(std::string_view sql, Values values) {
    statements_.push_back({.sql = std::string(sql), .values = std::move(values)});
  }
  [[nodiscard]] std::size_t size() const { return statements_.size(); }

  // Runs what was added, and empties the pipeline. The rows of each statement, in order.
  [[nodiscard]] Result<std::vector<Rows>> run() { return run_rows(nullptr); }
  // The same, but `on_row` gets each row of the last statement while the server sends the others.
  // It returns false if it wants no more; they are read and dropped then, as they are after its
  // error. The connection must not be used meanwhile; the call timeout is of the whole call.
  using OnRow = std::function<Result<bool>(const Row& row)>;
  [[nodiscard]] Status run(const OnRow& on_row) {
    const auto all = run_rows(&on_row);
    return all ? Status() : std::unexpected(all.error());
  }

 private:
  [[nodiscard]] Result<std::vector<Rows>> run_rows(const OnRow* on_row);

  struct Statement {
    std::string sql;
    Values values;
  };

  Connection* connection_;
  std::vector<Statement> statements_;
};

}  // namespace gridloom::postgres
