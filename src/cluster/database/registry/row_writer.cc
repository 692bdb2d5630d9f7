#include "database/registry/row_writer.h"

#include <vector>

#include "postgres/pipeline.h"

namespace gridloom::registry {

using postgres::Rows;

Status PostgresRowWriter::change_with(std::string_view sql, postgres::Values values) {
  postgres::Pipeline pipeline(connection_);
  pipeline.add("SAVEPOINT change");
  pipeline.add_values(sql, std::move(values));
  pipeline.add("RELEASE SAVEPOINT change");
  const Result<std::vector<Rows>> done = pipeline.run();
  if (done) {
    has_changes_ = true;
    return {};
  }
  if (connection_.is_alive()) {
    GL_TRY(connection_.run("ROLLBACK TO SAVEPOINT change"));
  }
  return std::unexpected(done.error());
}

Result<std::int64_t> PostgresRowWriter::highest_of(std::string_view table) {
  if (const auto found = numbers_.find(table); found != numbers_.end()) return found->second;
  return connection_.integer("SELECT highest FROM numbers WHERE name = $1", table);
}

Status PostgresRowWriter::store_numbers() {
  if (numbers_.empty()) return {};
  postgres::Pipeline pipeline(connection_);
  for (const auto& [table, highest] : numbers_) {
    pipeline.add("UPDATE numbers SET highest = $2 WHERE name = $1", table, highest);
  }
  const Result<std::vector<Rows>> done = pipeline.run();
  return done ? Status() : std::unexpected(done.error());
}

Status PostgresRowWriter::reserve(std::string_view table, std::int64_t highest) {
  GL_TRY(const std::int64_t present, highest_of(table));
  if (highest <= present) return {};
  numbers_[std::string(table)] = highest;
  has_changes_ = true;
  return {};
}

}  // namespace gridloom::registry
