#include "history/store/retention.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "history/blocks/block.h"
#include "history/blocks/chunk.h"
#include "history/blocks/rollup.h"
#include "history/blocks/rows.h"
#include "history/store/row_checksum.h"
#include "storage/empty_wal.h"

namespace gridloom::history {
namespace {

using storage::Blob;
using storage::Database;
using storage::Transaction;

constexpr std::chrono::milliseconds kPiece{3};
constexpr std::int64_t kHours_a_day = 24;
// A device's own times may be a day old, and the hour they belong to ends within another.
constexpr std::int64_t kMargin_hours = 2;
constexpr std::int64_t kDay_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kRowsAtOnce = 16;
// SQLite reuses free pages; a few of them are no reason to move others.
constexpr std::int64_t kFewPages = 256;
constexpr std::int64_t kPartOfFile = 8;
constexpr int kPagesAtOnce = 32;

constexpr std::array<std::string_view, 4> kTables = {"block", "quarter", "energy", "twin"};

class Stopwatch {
 public:
  [[nodiscard]] bool goes_on() const { return std::chrono::steady_clock::now() - begun_ < kPiece; }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// The first hour that is kept.
std::int64_t first_hour(TimePoint now, std::size_t days) {
  return hour_of(unix_ms(now)) - static_cast<std::int64_t>(days) * kHours_a_day - kMargin_hours;
}

Result<HourOfRollups> quarters_of_parts(std::int64_t hour, std::vector<std::string> chunks) {
  if (std::ranges::any_of(chunks, is_rows)) {
    const std::vector<std::string_view> views(chunks.begin(), chunks.end());
    auto merged = merge(views, Packing::kRaw);
    if (!merged) return std::unexpected(merged.error());
    chunks = std::move(*merged);
  }
  std::vector<Block> blocks;
  for (const std::string& chunk : chunks) {
    auto block = Block::open(chunk);
    if (!block) return std::unexpected(block.error());
    blocks.push_back(std::move(*block));
  }
  return rollups_of(hour, blocks);
}

// `row`: the columns part, over, block, checksum; version 1 wrote no checksum.
bool is_good_part(const DeviceHour& of, const storage::Statement& row) {
  return row.is_null(3) ||
         row.integer(3) == row_checksum(RowTable::kBlock,
                                        {of.device, of.hour, row.integer(0), row.integer(1)},
                                        row.bytes(2));
}

}  // namespace

Result<Retention> Retention::open(const std::filesystem::path& data, RetentionLimits limits,
                                  Steady steady, std::shared_ptr<DamagedRows> damaged) {
  auto database = Database::open(data / "history.db");
  if (!database) return std::unexpected(database.error());
  const auto kind = database->integer("PRAGMA auto_vacuum");
  if (!kind) return std::unexpected(kind.error());
  Retention retention(std::move(*database), limits, std::move(steady), std::move(damaged));
  constexpr std::int64_t kIncremental = 2;
  retention.gives_back_ = *kind == kIncremental;
  return retention;
}

Result<std::vector<DeviceNumber>> Retention::devices() {
  std::vector<DeviceNumber> all;
  for (const std::string_view table : kTables) {
    WalkPosition position;
    while (true) {
      const auto found = next_device(table, position);
      if (!found) return std::unexpected(found.error());
      if (!*found) break;
      all.push_back(position.device);
    }
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

Result<bool> Retention::work(TimePoint now) {
  auto more = work_on(now);
  if (more || more.error().code != ErrorCode::kIo) return more;
  // Removing rows writes to the write-ahead log, for which a full disk has no room. What is in it
  // goes into the file, and what is removed is not overwritten with zeros, which takes as much room
  // again.
  storage::empty_wal(database_);
  const auto usual = database_.integer("PRAGMA secure_delete");
  if (!usual) return std::unexpected(usual.error());
  if (Status set = database_.run("PRAGMA secure_delete = fast"); !set) {
    return std::unexpected(set.error());
  }
  more = work_on(now);
  if (Status set = database_.run(fmt::format("PRAGMA secure_delete = {}", *usual)); !set) {
    return std::unexpected(set.error());
  }
  return more;
}

Result<bool> Retention::work_on(TimePoint now) {
  if (!purged_.empty()) {
    const auto more = purge_some(purged_.front());
    if (!more) return more;
    if (!*more) purged_.pop_front();
    if (step_ == Step::kRest) step_ = Step::kRoom;
    return true;
  }
  if (!steady_) return walk(now);
  if (Status noted = note_day(now); !noted) return std::unexpected(noted.error());
  return walk(days_->reached(now).value_or(TimePoint::min()));
}

Status Retention::note_day(TimePoint now) {
  if (!days_) {
    auto days = RunningDays::open(database_, *damaged_);
    if (!days) return std::unexpected(days.error());
    days_ = std::move(*days);
  }
  return days_->note(database_, now, steady_());
}

// `now`: how far time has advanced; TimePoint::min(): not known, so nothing is too old.
Result<bool> Retention::walk(TimePoint now) {
  Result<bool> more = false;
  switch (step_) {
    case Step::kBlocks:
      more = expire_blocks(now);
      break;
    case Step::kQuarters:
      more = expire_quarters(now);
      break;
    case Step::kAudit:
      more = expire_audit(now);
      break;
    case Step::kRoom:
      more = give_back();
      break;
    case Step::kRest: {
      const std::int64_t hour = hour_of(unix_ms(now));
      if (hour == walked_hour_) return false;
      walked_hour_ = hour;
      step_ = Step::kBlocks;
      return true;
    }
  }
  if (!more || *more) return more;
  position_ = {};
  step_ = static_cast<Step>(static_cast<int>(step_) + 1);
  return true;
}

Result<std::int64_t> Retention::removed_by(std::string_view sql, std::int64_t first,
                                           std::int64_t second) {
  if (const Status done = database_.execute(sql, first, second); !done) {
    return std::unexpected(done.error());
  }
  return database_.integer("SELECT changes()");
}

Result<bool> Retention::next_device(std::string_view table, WalkPosition& position) {
  auto statement = database_.prepare(
      fmt::format("SELECT device FROM {} WHERE device > ? ORDER BY device LIMIT 1", table));
  if (!statement) return std::unexpected(statement.error());
  statement->bind(position.begun ? position.device : std::numeric_limits<std::int64_t>::min());
  const auto row = statement->step();
  if (!row || !*row) return row;
  position = {.device = statement->integer(0),
              .hour = std::numeric_limits<std::int64_t>::min(),
              .begun = true};
  return true;
}

Result<bool> Retention::purge_some(DeviceNumber device) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  const Stopwatch watch;
  bool more = false;
  for (const std::string_view table : kTables) {
    const std::string sql = fmt::format(
        "DELETE FROM {0} WHERE rowid IN (SELECT rowid FROM {0} WHERE device = ? LIMIT ?)", table);
    do {
      const auto removed = removed_by(sql, device, kRowsAtOnce);
      if (!removed) return std::unexpected(removed.error());
      more = *removed != 0;
    } while (more && watch.goes_on());
    if (more) break;
  }
  if (const Status done = transaction->commit(); !done) return std::unexpected(done.error());
  return more;
}

// Replaces an hour's blocks by its rollups in one transaction. Existing rollups stay: reports that
// arrive so late were counted before and were sent again.
Result<bool> Retention::expire_hour(const DeviceHour& of) {
  std::vector<std::string> chunks;
  bool good = true;
  auto statement = database_.prepare(
      "SELECT part, over, block, checksum FROM block WHERE device = ? AND hour = ?");
  if (!statement) return std::unexpected(statement.error());
  statement->bind(of.device).bind(of.hour);
  while (true) {
    const auto row = statement->step();
    if (!row) return row;
    if (!*row) break;
    chunks.emplace_back(statement->bytes(2));
    good = good && is_good_part(of, *statement);
  }
  Result<HourOfRollups> quarters =
      fail(ErrorCode::kMalformed, "the checksum of one of its rows is wrong");
  if (good) quarters = quarters_of_parts(of.hour, std::move(chunks));
  if (!quarters) {
    // The content cannot be read: the rows stay, for an attempt to repair them by hand.
    if (std::exchange(last_warned_hour_, walked_hour_) != walked_hour_) {
      spdlog::error("history of device {}, hour {}: not reduced to 15-minute statistics: {}",
                    of.device, of.hour, quarters.error().detail);
    }
    return false;
  }
  const std::string bytes = write_rollups(*quarters);
  if (Status done = database_.execute(
          "INSERT OR IGNORE INTO quarter VALUES (?, ?, ?, ?)", of.device, of.hour, Blob{bytes},
          row_checksum(RowTable::kQuarter, {of.device, of.hour}, bytes));
      !done) {
    return std::unexpected(done.error());
  }
  if (Status done =
          database_.execute("DELETE FROM block WHERE device = ? AND hour = ?", of.device, of.hour);
      !done) {
    return std::unexpected(done.error());
  }
  return true;
}

Result<bool> Retention::expire_blocks(TimePoint now) {
  if (limits_.raw_days == 0 || now == TimePoint::min()) return false;
  const std::int64_t first = first_hour(now, limits_.raw_days);
  const std::int64_t young = steady_
                                 ? days_->first_row_after(TimePoint(Millis(first * kHour_ms)), now)
                                 : std::numeric_limits<std::int64_t>::max();
  auto transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  const Stopwatch watch;
  WalkPosition position = position_;
  bool more = true;
  do {
    if (!position.begun) {
      const auto found = next_device("block", position);
      if (!found) return found;
      if (!*found) more = false;
      continue;
    }
    auto statement = database_.prepare(
        "SELECT hour FROM block AS old WHERE device = ? AND hour >= ? AND hour < ? "
        "AND NOT EXISTS (SELECT 1 FROM block WHERE device = old.device AND hour = old.hour "
        "AND rowid >= ?) ORDER BY hour LIMIT 1");
    if (!statement) return std::unexpected(statement.error());
    statement->bind(position.device).bind(position.hour).bind(first).bind(young);
    const auto row = statement->step();
    if (!row) return row;
    if (!*row) {
      const auto found = next_device("block", position);
      if (!found) return found;
      more = *found;
      continue;
    }
    const DeviceHour of{.device = position.device, .hour = statement->integer(0)};
    const auto expired = expire_hour(of);
    if (!expired) return expired;
    position.hour = of.hour + 1;
  } while (more && watch.goes_on());
  if (const Status done = transaction->commit(); !done) return std::unexpected(done.error());
  position_ = position;
  return more;
}

Result<bool> Retention::expire_quarters(TimePoint now) {
  if (limits_.quarter_days == 0 || now == TimePoint::min()) return false;
  const std::int64_t first = first_hour(now, limits_.quarter_days);
  auto transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  const Stopwatch watch;
  WalkPosition position = position_;
  bool more = true;
  do {
    std::int64_t removed = 0;
    if (position.begun) {
      const auto gone = removed_by(
          "DELETE FROM quarter WHERE rowid IN (SELECT rowid FROM quarter WHERE device = ? AND "
          "hour < ? LIMIT 64)",
          position.device, first);
      if (!gone) return std::unexpected(gone.error());
      removed = *gone;
    }
    if (removed != 0) continue;
    const auto found = next_device("quarter", position);
    if (!found) return found;
    more = *found;
  } while (more && watch.goes_on());
  if (const Status done = transaction->commit(); !done) return std::unexpected(done.error());
  position_ = position;
  return more;
}

// Audit entries are stored in the order in which they were made, so the oldest come first.
Result<bool> Retention::expire_audit(TimePoint now) {
  if (limits_.audit_days == 0 || now == TimePoint::min()) return false;
  const std::int64_t first_ms =
      unix_ms(now) - static_cast<std::int64_t>(limits_.audit_days) * kDay_ms;
  auto transaction = Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  const auto removed = removed_by(
      "DELETE FROM audit WHERE sequence IN (SELECT sequence FROM audit ORDER BY sequence LIMIT ?2) "
      "AND sequence < ifnull((SELECT min(sequence) FROM (SELECT sequence, entry FROM audit ORDER "
      "BY "
      "sequence LIMIT ?2) WHERE NOT json_valid(entry) OR entry ->> 'at' >= ?1), "
      "9223372036854775807)",
      first_ms, 256);
  if (!removed) return std::unexpected(removed.error());
  if (const Status done = transaction->commit(); !done) return std::unexpected(done.error());
  return *removed != 0;
}

Result<bool> Retention::give_back() {
  if (!gives_back_) return false;
  const auto free = database_.integer("PRAGMA freelist_count");
  if (!free) return std::unexpected(free.error());
  const auto all = database_.integer("PRAGMA page_count");
  if (!all) return std::unexpected(all.error());
  if (*free <= std::max(kFewPages, *all / kPartOfFile)) {
    // The file becomes smaller when the write-ahead log is emptied into it.
    if (std::exchange(has_given_back_, false)) storage::empty_wal(database_);
    return false;
  }
  const Status done = database_.run(fmt::format("PRAGMA incremental_vacuum({})", kPagesAtOnce));
  if (!done) return std::unexpected(done.error());
  has_given_back_ = true;
  return true;
}

}  // namespace gridloom::history
