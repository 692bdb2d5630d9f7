#include "database/history/table_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "database/history/change_writer.h"
#include "history/blocks/chunk.h"
#include "history/blocks/rollup.h"
#include "history/energy/energy_integrator.h"
#include "postgres/connection.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using postgres::Row;
using postgres::Transaction;

// `sql` has the columns device, hour, bytes. A table without `content` is only counted.
struct Table {
  std::string_view name;
  std::string_view sql{};
  Status (*content)(const Row& row) = nullptr;
};

Status readable_chunk(const Row& row) {
  return each_row(row.bytes(2), [](std::int64_t, std::span<const Sample>) {});
}
Status readable_energies(const Row& row) {
  const auto energies = energies_of(row.integer(1), row.bytes(2));
  return energies ? Status() : std::unexpected(energies.error());
}
Status readable_rollups(const Row& row) {
  const auto rollups = read_rollups(row.integer(1), row.bytes(2));
  return rollups ? Status() : std::unexpected(rollups.error());
}

constexpr std::array kTables = {
    Table{.name = "field_name"},
    Table{
        .name = "block", .sql = "SELECT device, hour, bytes FROM block", .content = readable_chunk},
    Table{.name = "energy_hour",
          .sql = "SELECT device, hour, bytes FROM energy_hour",
          .content = readable_energies},
    Table{.name = "rollup_hour",
          .sql = "SELECT device, hour, bytes FROM rollup_hour",
          .content = readable_rollups},
    Table{.name = "twin"},
    Table{.name = "audit_entry"},
    Table{.name = "event"},
    Table{.name = "taken"},
    Table{.name = "part"},
    Table{.name = "running_day"},
    Table{.name = "reading_quarter"},
    Table{.name = "energy_quarter"},
};

class Check {
 public:
  explicit Check(Connection& connection) : connection_(connection) {}

  // An error: the rest cannot be read either.
  Status look_at(const Table& table) {
    // An error ends what is behind a savepoint, and not the transaction.
    GL_TRY(connection_.run("SAVEPOINT of_table"));
    std::uint64_t rows = 0;
    const Status read = table.content == nullptr ? count(table, rows) : decode(table, rows);
    found_.rows += rows;
    if (table.name == "block") found_.blocks = rows;
    if (read) return connection_.run("RELEASE of_table");
    if (read.error().code != ErrorCode::kDamaged) return read;
    GL_TRY(connection_.run("ROLLBACK TO of_table"));
    add(fmt::format("table {} cannot be read after {} rows: {}", table.name, rows,
                    read.error().detail));
    return {};
  }
  Status look_at_positions() {
    const auto state = read_writer_state(connection_);
    if (!state && state.error().code == ErrorCode::kDamaged) {
      add(state.error().detail);
      return {};
    }
    if (!state) return std::unexpected(state.error());
    found_.applied = state->positions.least();
    GL_TRY(const auto last, connection_.integer("SELECT coalesce(max(record), 0) FROM taken"));
    found_.some_applied = static_cast<std::uint64_t>(last);
    GL_TRY(const auto names, connection_.query("SELECT id FROM field_name ORDER BY id"));
    for (std::size_t id = 0; id < names.size(); ++id) {
      if (names[id].integer(0) == static_cast<std::int64_t>(id)) continue;
      add(fmt::format("the name of field {} is missing", id));
      break;
    }
    return {};
  }
  StoreCheck found() { return std::move(found_); }

 private:
  Status count(const Table& table, std::uint64_t& rows) {
    GL_TRY(const auto number,
           connection_.integer(fmt::format("SELECT count(*) FROM {}", table.name)));
    rows = static_cast<std::uint64_t>(number);
    return {};
  }
  Status decode(const Table& table, std::uint64_t& rows) {
    return connection_.each_row(table.sql, {}, [&](const Row& row) {
      ++rows;
      if (const Status good = table.content(row); !good) {
        add(fmt::format("table {}, device {}, hour {}: {}", table.name, row.integer(0),
                        row.integer(1), good.error().detail));
      }
      return Status();
    });
  }
  void add(std::string damage) {
    ++found_.damaged;
    if (found_.damages.size() < StoreCheck::kMaxDamages) {
      found_.damages.push_back(std::move(damage));
    }
  }

  Connection& connection_;
  StoreCheck found_;
};

}  // namespace

Result<StoreCheck> check_tables(Connection& connection) {
  GL_TRY(const auto transaction, Transaction::begin(connection, Transaction::Kind::kReading));
  Check check(connection);
  for (const Table& table : kTables) {
    GL_TRY(check.look_at(table));
  }
  GL_TRY(check.look_at_positions());
  return check.found();
}

}  // namespace gridloom::history
