#include "history/store/rows_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "history/blocks/chunk.h"
#include "history/blocks/rollup.h"
#include "history/energy/energy_integrator.h"
#include "history/store/change_writer.h"
#include "history/store/history_tables.h"

namespace gridloom::history {
namespace {

using tables::RowView;
using tables::TableConnection;

Status content_of(const tables::Table& table, const RowView& row) {
  if (&table == &kChunks) {
    return each_row(row.bytes(4), [](std::int64_t, std::span<const Sample>) {});
  }
  if (&table == &kEnergies) {
    GL_TRY(energies_of(row.integer(1), row.bytes(2)));
  }
  if (&table == &kRollups) {
    GL_TRY(read_rollups(row.integer(1), row.bytes(2)));
  }
  return {};
}

class Check {
 public:
  explicit Check(TableConnection& connection) : connection_(connection) {
    connection_.on_damaged([this](const tables::Table& table, const RowView& row) {
      ++rows_;
      add(fmt::format("{}: its checksum is wrong", tables::place_of(table, row)));
      if (&table == &kNames) look_at_name(row.integer(0));
    });
  }
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
  ~Check() { connection_.on_damaged({}); }

  Status look_at(const tables::Table& table) {
    const Status done = read(table.name, [&] {
      return connection_.read(table, &table == &kNames ? "ORDER BY id" : "", {},
                              [&](const RowView& row) -> Result<bool> {
                                ++rows_;
                                look_at_row(table, row);
                                return true;
                              });
    });
    if (&table == &kChunks) found_.blocks = rows_;
    return done;
  }
  Status count(std::string_view table) {
    return read(table, [&]() -> Status {
      GL_TRY(const auto rows, connection_.integer(fmt::format("SELECT count(*) FROM {}", table)));
      rows_ = static_cast<std::uint64_t>(rows);
      return {};
    });
  }
  Status look_at_positions() {
    const std::uint64_t damaged = connection_.damaged();
    const auto state = read_writer_state(connection_);
    if (state) {
      found_.applied = state->positions.least();
    } else if (state.error().code != ErrorCode::kDamaged) {
      return std::unexpected(state.error());
    } else if (connection_.damaged() == damaged) {
      add("the number of the last stored record is not known");
    }
    return {};
  }
  StoreCheck found() { return std::move(found_); }

 private:
  // Within its own savepoint: an error in PostgreSQL ends what is behind that, and not the
  // transaction.
  Status read(std::string_view name, const std::function<Status()>& rows_of_table) {
    rows_ = 0;
    const Status done = connection_.atomically(rows_of_table);
    found_.rows += rows_;
    if (done) return {};
    const std::string why =
        fmt::format("table {} cannot be read after {} rows: {}", name, rows_, done.error().detail);
    if (done.error().code == ErrorCode::kIo) {
      if (!connection_.has_checksums()) return done;
      found_.unread = why;
    } else {
      add(why);
    }
    return {};
  }

  void look_at_row(const tables::Table& table, const RowView& row) {
    if (&table == &kNames) look_at_name(row.integer(0));
    if (&table == &kTaken) {
      found_.some_applied = static_cast<std::uint64_t>(
          std::max(static_cast<std::int64_t>(found_.some_applied), row.integer(2)));
    }
    if (const Status good = content_of(table, row); !good) {
      add(fmt::format("{}: {}", tables::place_of(table, row), good.error().detail));
    }
  }
  // Fields are identified by their number: a missing name would shift the names of all later ones.
  void look_at_name(std::int64_t id) {
    if (id != next_name_) add(fmt::format("the name of field {} is missing", next_name_));
    next_name_ = id + 1;
  }
  void add(std::string damage) {
    ++found_.damaged;
    if (found_.damages.size() < StoreCheck::kMaxDamages) {
      found_.damages.push_back(std::move(damage));
    }
  }

  TableConnection& connection_;
  StoreCheck found_;
  std::uint64_t rows_ = 0;  // of the table that is read
  std::int64_t next_name_ = 0;
};

}  // namespace

Result<StoreCheck> check_rows(TableConnection& connection,
                              std::span<const std::string_view> counted) {
  GL_TRY(const auto transaction,
         tables::Transaction::begin(connection, TableConnection::Access::kReading));
  Check check(connection);
  for (const tables::Table* const table : kHistoryTables) {
    GL_TRY(check.look_at(*table));
  }
  for (const std::string_view table : counted) {
    GL_TRY(check.count(table));
  }
  GL_TRY(check.look_at_positions());
  return check.found();
}

}  // namespace gridloom::history
