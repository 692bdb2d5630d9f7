// Version 2 had a record of the log for all partitions together, in `applied`; the row of `taken`
// with device 0 and hour 0 repeated it. A mark was the rowid of a block, and `identity` named the
// file that gave it.
#include "history/sqlite/earlier_history.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/digest.h"
#include "base/partition.h"
#include "history/energy/earlier_energies.h"
#include "history/sqlite/sqlite_companion.h"
#include "history/store/history_tables.h"
#include "tables/convert.h"
#include "tables/side.h"

namespace gridloom::history {
namespace {

using storage::Database;
using tables::EarlierRows;
using transfer::bytes_in;
using transfer::number_in;
using transfer::Row;

constexpr std::int64_t kVersion = 2;

// The checksum of a row, of some of its numbers and of its bytes.
std::int64_t sum_of(int table, std::initializer_list<std::int64_t> keys,
                    std::string_view content = {}) {
  return row_checksum(static_cast<std::uint8_t>(table), keys, content);
}

std::int64_t sum_of_name(const Row& row) {
  return sum_of(kNames.number, {number_in(row, 0)}, bytes_in(row, 1));
}
// Those that version 1 wrote have none.
std::int64_t sum_of_chunk(const Row& row) {
  return sum_of(kChunks.number,
                {number_in(row, 0), number_in(row, 1), number_in(row, 2), number_in(row, 3)},
                bytes_in(row, 4));
}
std::int64_t sum_of_energy(const Row& row) {
  return sum_of(kEnergies.number, {number_in(row, 0), number_in(row, 1)}, bytes_in(row, 2));
}
std::int64_t sum_of_rollup(const Row& row) {
  return sum_of(kRollups.number, {number_in(row, 0), number_in(row, 1)}, bytes_in(row, 2));
}
std::int64_t sum_of_twin(const Row& row) {
  const std::string& sn = bytes_in(row, 1);
  return sum_of(kTwins.number, {number_in(row, 0), std::ssize(sn)}, sn + bytes_in(row, 2));
}
std::int64_t sum_of_entry(const Row& row) {
  return sum_of(kAudit.number, {number_in(row, 0)}, bytes_in(row, 2));
}
std::int64_t sum_of_applied(const Row& row) { return sum_of(kParts.number, {number_in(row, 1)}); }
std::int64_t sum_of_day(const Row& row) {
  return sum_of(kRunningDays.number, {number_in(row, 0), number_in(row, 1), number_in(row, 2)});
}
std::int64_t sum_of_taken(const Row& row) {
  return sum_of(kTaken.number, {number_in(row, 0), number_in(row, 1), number_in(row, 2)});
}
std::int64_t sum_of_event(const Row& row) {
  const std::string& field = bytes_in(row, 6);
  return sum_of(kEvents.number,
                {number_in(row, 0), number_in(row, 1), number_in(row, 2), number_in(row, 3),
                 number_in(row, 4), number_in(row, 5), number_in(row, 8), std::ssize(field)},
                field + bytes_in(row, 7));
}

void set_energies(Row& row) { row[2] = energies_of_today(number_in(row, 1), bytes_in(row, 2)); }
void set_time(Row& row) { row[1] = time_of_entry(bytes_in(row, 2)); }

static_assert(kPartitions == 64);

// In the order of kHistoryTables. The columns are those of today, and the checksum of then.
std::vector<EarlierRows> earlier_rows() {
  return {
      {.table = &kNames,
       .sql = "SELECT id, name AS bytes, checksum FROM name",
       .checksum = sum_of_name},
      {.table = &kRunningDays,
       .sql = "SELECT day, ran_ms, first_row AS first_mark, checksum FROM running_day",
       .needs = "running_day",
       .checksum = sum_of_day},
      {.table = &kRollups,
       .sql = "SELECT device, hour, quarters AS bytes, checksum FROM quarter",
       .checksum = sum_of_rollup},
      {.table = &kChunks,
       .sql = "SELECT device, hour, part AS chunk, over, block AS bytes, rowid AS mark, checksum "
              "FROM block",
       .checksum = sum_of_chunk},
      {.table = &kEnergies,
       .sql = "SELECT device, hour, quarters AS bytes, checksum FROM energy",
       .checksum = sum_of_energy,
       .change = set_energies},
      {.table = &kTwins,
       .sql = "SELECT device, sn, state, checksum FROM twin",
       .checksum = sum_of_twin},
      {.table = &kAudit,
       .sql = "SELECT sequence, 0 AS at_ms, entry, checksum FROM audit",
       .checksum = sum_of_entry,
       .change = set_time},
      {.table = &kEvents,
       .sql = "SELECT id, device, at AS at_ms, kind, since AS since_ms, count, field, text, open, "
              "checksum FROM event",
       .needs = "event",
       .checksum = sum_of_event},
      {.table = &kTaken,
       .sql =
           "SELECT device, hour, record, checksum FROM taken WHERE NOT (device = 0 AND hour = 0)",
       .needs = "taken",
       .checksum = sum_of_taken},
      {.table = &kParts,
       .sql = "WITH RECURSIVE part (p) AS (SELECT 0 UNION ALL SELECT p + 1 FROM part WHERE p < 63) "
              "SELECT p, sequence AS position, checksum FROM part, applied",
       .checksum = sum_of_applied},
  };
}

Status check_version(Database& database) {
  GL_TRY(const auto version, tables::format_of(database));
  if (version == kVersion) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("{} has version {}, which this version of Gridloom does not read",
                          database.path(), version));
}

Result<bool> has_table(Database& database, std::string_view name) {
  GL_TRY(const auto found, database.integer(fmt::format(
                               "SELECT count(*) FROM sqlite_schema WHERE name = '{}'", name)));
  return found != 0;
}

// The facts that the copied rows do not have.
struct Besides {
  std::int64_t newest_mark = 0;
  std::int64_t numbering = 0;
  bool is_taken_known = false;
};

// A program that does not know `taken` left the row of it behind that repeats `applied`.
Result<Besides> read_besides(Database& database) {
  Besides besides;
  GL_TRY(const auto newest, database.integer("SELECT ifnull(max(rowid), 0) FROM block"));
  besides.newest_mark = newest;
  GL_TRY(const auto has_identity, has_table(database, "identity"));
  if (has_identity) {
    GL_TRY(const auto id, database.integer("SELECT id FROM identity"));
    besides.numbering = id;
  }
  GL_TRY(const auto has_taken, has_table(database, "taken"));
  if (!has_taken) return besides;
  GL_TRY(database.each_row(
      "SELECT record, taken.checksum, sequence, applied.checksum FROM taken, applied "
      "WHERE device = 0 AND hour = 0",
      [&besides](const storage::Statement& row) {
        const std::int64_t record = row.integer(0);
        besides.is_taken_known = row.integer(2) == record &&
                                 row.integer(1) == sum_of(kTaken.number, {0, 0, record}) &&
                                 row.integer(3) == sum_of(kParts.number, {record});
        return Status();
      }));
  return besides;
}

// Marks are those of before: this is the same storage.
class Converted final : public tables::Side {
 public:
  Converted(tables::TableConnection& connection, const Besides& besides)
      : Side(connection, kHistorySchema), besides_(besides) {}

  [[nodiscard]] Status end() override {
    GL_TRY(auto transaction, tables::Transaction::begin(connection()));
    GL_TRY(connection().update(kWriter, {"mark"}, {besides_.newest_mark, 1}));
    if (besides_.numbering != 0) {
      GL_TRY(connection().update(kWriter, {"numbering"}, {besides_.numbering, 1}));
    }
    if (!besides_.is_taken_known) {
      GL_TRY(forget_taken(connection()));
    }
    GL_TRY(transaction.commit());
    return Side::end();
  }

 private:
  const Besides& besides_;
};

// Logs a line for each tenth that was copied.
class Progress {
 public:
  explicit Progress(std::filesystem::path file) : file_(std::move(file)) {
    std::error_code unknown;
    const std::uintmax_t bytes = std::filesystem::file_size(file_, unknown);
    if (!unknown) whole_ = bytes;
  }

  void done(std::uint64_t bytes) {
    const std::uint64_t part =
        std::min<std::uint64_t>(kParts_of_all, bytes * kParts_of_all / whole_);
    if (part <= told_ || part == kParts_of_all) return;
    told_ = part;
    spdlog::info("{}: {} % are converted", file_.string(), part * 10);
  }

 private:
  static constexpr std::uint64_t kParts_of_all = 10;

  const std::filesystem::path file_;
  std::uint64_t whole_ = 1;
  std::uint64_t told_ = 0;
};

}  // namespace

Result<std::uint64_t> convert_earlier_history(const std::filesystem::path& file) {
  Besides besides;
  Progress progress(file);
  const auto open = [&](Database& earlier) -> Result<std::unique_ptr<transfer::Source>> {
    GL_TRY(check_version(earlier));
    GL_TRY(const auto read, read_besides(earlier));
    besides = read;
    spdlog::info("{}: converting it; the file of before stays as {}{}", file.string(),
                 file.filename().string(), tables::kEarlier);
    return tables::read_earlier(earlier, earlier_rows());
  };
  GL_TRY(const auto converted,
         tables::convert({.file = file,
                          .schema = kHistorySchema,
                          .open = open,
                          .side =
                              [&](tables::SqliteTableConnection& connection) {
                                return std::make_unique<Converted>(connection, besides);
                              },
                          .before = kBeforeTables,
                          .on_progress = [&](std::uint64_t bytes) { progress.done(bytes); }}));
  if (converted.is_done) spdlog::info("{}: converted", file.string());
  return converted.damaged;
}

Result<StoreCheck> check_earlier_history(Database& database) {
  GL_TRY(check_version(database));
  const std::vector<EarlierRows> all = earlier_rows();
  const auto rows = tables::read_earlier(database, all);
  StoreCheck found;
  for (const EarlierRows& each : all) {
    const std::uint64_t damaged = rows->damaged();
    std::uint64_t number = 0;
    const Status read =
        rows->each_row(tables::copied(*each.table), {}, [&](const Row& row) -> Result<bool> {
          ++number;
          if (each.table == &kParts) found.applied = static_cast<std::uint64_t>(number_in(row, 1));
          if (each.table == &kTaken) {
            found.some_applied =
                std::max(found.some_applied, static_cast<std::uint64_t>(number_in(row, 2)));
          }
          return true;
        });
    // The one row of `applied`.
    if (each.table == &kParts) number = number == 0 ? 0 : 1;
    if (each.table == &kChunks) found.blocks = number;
    found.rows += number;
    if (!read && read.error().code == ErrorCode::kIo) {
      found.unread = fmt::format("the {}: {}", tables::title_of(*each.table), read.error().detail);
    } else if (!read) {
      ++found.damaged;
      found.damages.push_back(fmt::format("the {} cannot be read after {} rows: {}",
                                          tables::title_of(*each.table), number,
                                          read.error().detail));
    }
    if (rows->damaged() == damaged) continue;
    ++found.damaged;
    found.damages.push_back(fmt::format("the {}: {} rows have a wrong checksum",
                                        tables::title_of(*each.table), rows->damaged() - damaged));
  }
  return found;
}

}  // namespace gridloom::history
