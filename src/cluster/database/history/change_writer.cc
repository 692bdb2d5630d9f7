#include "database/history/change_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/partition.h"
#include "base/printable.h"
#include "database/history/audit_rows.h"
#include "database/history/event_rows.h"
#include "database/history/hour_list.h"
#include "postgres/copy.h"
#include "postgres/pipeline.h"

namespace gridloom::history {
namespace {

using postgres::Bytes;
using postgres::Connection;
using postgres::CopyIn;
using postgres::Row;

constexpr std::string_view kCopyChunks =
    "COPY block (device, hour, chunk, mark, over, bytes) FROM STDIN BINARY";

std::int64_t signed_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }

DeviceHour hour_at(const Row& row) { return {.device = row.integer(0), .hour = row.integer(1)}; }

Status status_of(const Result<std::int64_t>& changed) {
  return changed ? Status() : std::unexpected(changed.error());
}

Status put_twins(Connection& connection, const std::vector<StoredTwin>& twins) {
  std::map<std::int64_t, const StoredTwin*> last;
  for (const StoredTwin& twin : twins) last.insert_or_assign(twin.device, &twin);
  if (last.empty()) return {};
  std::vector<std::int64_t> devices;
  std::vector<Bytes> names;
  std::vector<Bytes> states;
  for (const auto& [device, twin] : last) {
    devices.push_back(device);
    names.push_back({twin->sn});
    states.push_back({twin->text});
  }
  return status_of(connection.execute(
      "INSERT INTO twin SELECT * FROM unnest($1, $2, $3) ON CONFLICT (device) DO UPDATE "
      "SET sn = excluded.sn, state = excluded.state",
      std::span<const std::int64_t>(devices), std::span<const Bytes>(names),
      std::span<const Bytes>(states)));
}

}  // namespace

std::string text_of_name(std::string_view name) {
  return is_utf8(name) && !name.contains('\0') ? std::string(name) : printable(name);
}

Result<WriterState> read_writer_state(Connection& connection) {
  GL_TRY(const auto rows,
         connection.query("SELECT p, position, (SELECT number FROM writer) FROM part ORDER BY p"));
  if (rows.size() != kPartitions) {
    return fail(ErrorCode::kDamaged, "the positions of the journal are not in the database");
  }
  WriterState state{.number = rows[0].integer(2)};
  const auto first = static_cast<std::uint64_t>(rows[0].integer(1));
  bool is_one = true;
  for (const Row row : rows) {
    const auto position = static_cast<std::uint64_t>(row.integer(1));
    is_one = is_one && position == first;
    state.positions.advance(static_cast<Partition>(row.integer(0)), position);
  }
  if (is_one) state.positions = journal::Positions::everywhere(first);
  return state;
}

Result<std::int64_t> lock_writer(Connection& connection) {
  return connection.integer("SELECT number FROM writer FOR UPDATE");
}

Result<ChangeWriter> ChangeWriter::prepare(const Changes& changes) {
  ChangeWriter writer(changes);
  GL_TRY(writer.add_hours());
  writer.add_energies();
  writer.quarters_.add_months(writer.months_);
  return writer;
}

Status ChangeWriter::add_hours() {
  std::map<DeviceHour, std::size_t> places;
  for (const Changes::Hour& each : changes_->hours) {
    if (sql_hour(each.of.hour) != each.of.hour) {
      return fail(ErrorCode::kMalformed, fmt::format("no hour has the number {}", each.of.hour));
    }
    const auto [place, is_new] = places.try_emplace(each.of, hours_.size());
    if (is_new) hours_.push_back({.of = each.of});
    Hour& hour = hours_[place->second];
    if (each.over) {
      hour.replaces = true;
      hour.chunks.clear();
    }
    for (const std::string& chunk : each.chunks) hour.chunks.emplace_back(chunk, each.over);
    if (each.taken != 0) hour.taken = signed_of(each.taken);
    months_.insert(month_of(each.of.hour));
    if (!each.over) continue;
    quarters_.over.push_back(each.of);
    std::ranges::move(reading_rows(each.of, each.chunks), std::back_inserter(quarters_.readings));
  }
  return {};
}

void ChangeWriter::add_energies() {
  std::map<DeviceHour, const Changes::Energies*> last;
  for (const Changes::Energies& each : changes_->energies) last.insert_or_assign(each.of, &each);
  for (const auto& [of, each] : last) {
    energies_.push_back(each);
    months_.insert(month_of(of.hour));
    std::ranges::move(energy_rows(of, each->bytes), std::back_inserter(quarters_.energies));
  }
}

cluster::Fence::Move ChangeWriter::move_from(const WriterState& state) const {
  const std::int64_t from = signed_of(state.positions.least());
  const std::int64_t to = changes_->applied ? signed_of(changes_->applied->least()) : from;
  return {.from = from, .to = std::max(from, to)};
}

cluster::Fence::Move ChangeWriter::move_back() const {
  return {.from = signed_of(after_.positions.least()), .to = signed_of(positions_before_.least())};
}

Status ChangeWriter::write(Connection& connection, const WriterState& state) {
  GL_TRY(count_up(connection, state));
  GL_TRY(put_names(connection));
  GL_TRY(put_hours(connection));
  GL_TRY(put_readings(connection, quarters_));
  GL_TRY(put_energy_hours(connection));
  GL_TRY(put_energies(connection, quarters_));
  GL_TRY(put_taken(connection));
  GL_TRY(put_twins(connection, changes_->twins));
  GL_TRY(put_audit(connection, changes_->audit));
  GL_TRY(put_events(connection, changes_->events));
  return put_positions(connection, state);
}

// Keeps other writers waiting until the end of the transaction.
Status ChangeWriter::count_up(Connection& connection, const WriterState& state) {
  replaced_.clear();
  taken_before_.clear();
  positions_before_ = state.positions;
  after_ = {.number = state.number + 1, .positions = state.positions};
  moves_ = changes_->applied.has_value();
  names_.clear();
  for (const auto& [id, name] : changes_->names) names_.push_back(static_cast<std::int32_t>(id));
  GL_TRY(
      const auto counted,
      connection.execute("UPDATE writer SET number = number + 1 WHERE number = $1", state.number));
  if (counted == 1) return {};
  return fail(ErrorCode::kConflict, "the database has other changes than those of this server");
}

Status ChangeWriter::put_names(Connection& connection) const {
  if (changes_->names.empty()) return {};
  CopyIn copy(connection);
  Status done = copy.begin("COPY field_name (id, name, bytes) FROM STDIN BINARY");
  for (const auto& [id, name] : changes_->names) {
    if (!done) return done;
    done = copy.row(static_cast<std::int32_t>(id), text_of_name(name), Bytes{name});
  }
  if (!done) return done;
  return status_of(copy.finish());
}

Status ChangeWriter::remove_replaced(Connection& connection) {
  HourList over;
  for (const Hour& hour : hours_) {
    if (hour.replaces) over.add(hour.of);
  }
  if (over.empty()) return {};
  // OFFSET 0 keeps the planner from looking at the whole table once instead of once for each hour.
  GL_TRY(
      const auto rows,
      connection.query("SELECT old.* FROM unnest($1, $2) AS of (device, hour) CROSS JOIN LATERAL "
                       "(SELECT device, hour, chunk, mark, over, bytes FROM block "
                       "WHERE block.device = of.device AND block.hour = of.hour OFFSET 0) AS old",
                       over.devices(), over.hours()));
  if (rows.empty()) return {};
  postgres::Pipeline removal(connection);
  for (const Row row : rows) {
    replaced_.push_back({.of = hour_at(row),
                         .chunk = row.integer(2),
                         .mark = row.integer(3),
                         .over = row.boolean(4),
                         .bytes = std::string(row.bytes(5))});
    const StoredChunk& chunk = replaced_.back();
    removal.add("DELETE FROM block WHERE device = $1 AND hour = $2 AND chunk = $3", chunk.of.device,
                sql_hour(chunk.of.hour), static_cast<std::int32_t>(chunk.chunk));
  }
  const auto removed = removal.run();
  return removed ? Status() : std::unexpected(removed.error());
}

Status ChangeWriter::put_hours(Connection& connection) {
  if (hours_.empty()) return {};
  GL_TRY(remove_replaced(connection));
  HourList open;
  for (const Hour& hour : hours_) {
    if (!hour.replaces && !hour.chunks.empty()) open.add(hour.of);
  }
  std::map<DeviceHour, std::int64_t> next;  // the number of the next chunk
  if (!open.empty()) {
    GL_TRY(
        const auto rows,
        connection.query("SELECT of.device, of.hour, (SELECT coalesce(max(chunk), -1) FROM block "
                         "WHERE block.device = of.device AND block.hour = of.hour) "
                         "FROM unnest($1, $2) AS of (device, hour)",
                         open.devices(), open.hours()));
    for (const Row row : rows) next.emplace(hour_at(row), row.integer(2) + 1);
  }
  CopyIn copy(connection);
  Status done = copy.begin(kCopyChunks);
  for (const Hour& hour : hours_) {
    const auto found = next.find(hour.of);
    auto chunk = static_cast<std::int32_t>(found == next.end() ? 0 : found->second);
    for (const auto& [bytes, over] : hour.chunks) {
      if (!done) return done;
      done = copy.row(hour.of.device, sql_hour(hour.of.hour), chunk, after_.number, over,
                      Bytes{bytes});
      ++chunk;
    }
  }
  if (!done) return done;
  return status_of(copy.finish());
}

Status ChangeWriter::put_taken(Connection& connection) {
  HourList of;
  std::vector<std::int64_t> records;
  for (const Hour& hour : hours_) {
    if (hour.taken == 0) continue;
    of.add(hour.of);
    records.push_back(hour.taken);
  }
  if (of.empty()) return {};
  // The part `old` sees the rows as they were before the statement.
  GL_TRY(
      const auto rows,
      connection.query("WITH put AS (INSERT INTO taken SELECT * FROM unnest($1, $2, $3) "
                       "ON CONFLICT (device, hour) DO UPDATE SET record = excluded.record) "
                       "SELECT old.* FROM unnest($1, $2) AS of (device, hour) CROSS JOIN LATERAL "
                       "(SELECT device, hour, record FROM taken "
                       "WHERE taken.device = of.device AND taken.hour = of.hour OFFSET 0) AS old",
                       of.devices(), of.hours(), std::span<const std::int64_t>(records)));
  for (const Row row : rows) taken_before_.push_back({hour_at(row), row.integer(2)});
  return {};
}

Status ChangeWriter::put_energy_hours(Connection& connection) const {
  if (energies_.empty()) return {};
  HourList of;
  std::vector<Bytes> bytes;
  for (const Changes::Energies* each : energies_) {
    of.add(each->of);
    bytes.push_back({each->bytes});
  }
  GL_TRY(const auto old,
         connection.query(
             "SELECT old.* FROM unnest($1, $2) AS of (device, hour) CROSS JOIN LATERAL "
             "(SELECT device, hour, bytes FROM energy_hour "
             "WHERE energy_hour.device = of.device AND energy_hour.hour = of.hour OFFSET 0) AS old",
             of.devices(), of.hours()));
  for (const Row row : old) {
    const DeviceHour hour = hour_at(row);
    GL_TRY(remove_energies(connection, hour, row.bytes(2)));
    GL_TRY(connection.execute("DELETE FROM energy_hour WHERE device = $1 AND hour = $2",
                              hour.device, sql_hour(hour.hour)));
  }
  return status_of(connection.execute("INSERT INTO energy_hour SELECT * FROM unnest($1, $2, $3)",
                                      of.devices(), of.hours(), std::span<const Bytes>(bytes)));
}

// The positions imply the state of each hour, which is not written again.
Status ChangeWriter::put_positions(Connection& connection, const WriterState& state) {
  if (!changes_->applied) return {};
  std::vector<std::int32_t> partitions;
  std::vector<std::int64_t> before;
  std::vector<std::int64_t> now;
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    const std::uint64_t stored = state.positions.at(partition);
    const std::uint64_t applied = changes_->applied->at(partition);
    if (applied <= stored) continue;
    partitions.push_back(static_cast<std::int32_t>(i));
    before.push_back(signed_of(stored));
    now.push_back(signed_of(applied));
  }
  if (partitions.size() == kPartitions && changes_->applied->common()) {
    after_.positions = *changes_->applied;
  } else {
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      after_.positions.advance(static_cast<Partition>(partitions[i]),
                               static_cast<std::uint64_t>(now[i]));
    }
  }
  if (!partitions.empty()) {
    GL_TRY(const auto moved,
           connection.execute(
               "UPDATE part SET position = of.now FROM unnest($1, $2, $3) AS of (p, before, now) "
               "WHERE part.p = of.p AND position = of.before AND position < of.now",
               std::span<const std::int32_t>(partitions), std::span<const std::int64_t>(before),
               std::span<const std::int64_t>(now)));
    if (moved != static_cast<std::int64_t>(partitions.size())) {
      return fail(ErrorCode::kConflict, "the database has other positions than this server");
    }
  }
  GL_TRY(const auto rows,
         connection.query("DELETE FROM taken WHERE record <= $1 RETURNING device, hour, record",
                          signed_of(after_.positions.least())));
  // Those that this transaction put itself are not of before it.
  const auto is_own = [this](const DeviceHour& of) {
    return std::ranges::any_of(
        hours_, [&of](const Hour& hour) { return hour.of == of && hour.taken != 0; });
  };
  for (const Row row : rows) {
    if (!is_own(hour_at(row))) taken_before_.push_back({hour_at(row), row.integer(2)});
  }
  return {};
}

Status ChangeWriter::copy_chunks(Connection& connection, const std::vector<StoredChunk>& chunks) {
  if (chunks.empty()) return {};
  CopyIn copy(connection);
  Status done = copy.begin(kCopyChunks);
  for (const StoredChunk& each : chunks) {
    if (!done) return done;
    done = copy.row(each.of.device, sql_hour(each.of.hour), static_cast<std::int32_t>(each.chunk),
                    each.mark, each.over, Bytes{each.bytes});
  }
  if (!done) return done;
  return status_of(copy.finish());
}

// Twins, energies, the audit and events are written in the same way again.
Status ChangeWriter::undo(Connection& connection) const {
  GL_TRY(
      connection.execute("UPDATE writer SET number = number + 1 WHERE number = $1", after_.number));
  Status done = status_of(connection.execute("DELETE FROM field_name WHERE id = ANY ($1)",
                                             std::span<const std::int32_t>(names_)));
  HourList taken_of;
  for (const Hour& hour : hours_) {
    if (hour.taken != 0) taken_of.add(hour.of);
  }
  if (done && !hours_.empty()) {
    postgres::Pipeline removal(connection);
    for (const Hour& hour : hours_) {
      removal.add("DELETE FROM block WHERE device = $1 AND hour = $2 AND mark = $3", hour.of.device,
                  sql_hour(hour.of.hour), after_.number);
    }
    const auto removed = removal.run();
    if (!removed) done = std::unexpected(removed.error());
  }
  if (done) done = copy_chunks(connection, replaced_);
  if (done && !taken_of.empty()) {
    done = status_of(
        connection.execute("DELETE FROM taken AS own USING unnest($1, $2) AS of (device, hour) "
                           "WHERE own.device = of.device AND own.hour = of.hour",
                           taken_of.devices(), taken_of.hours()));
  }
  HourList before_of;
  std::vector<std::int64_t> records;
  for (const StoredRecord& each : taken_before_) {
    before_of.add(each.of);
    records.push_back(each.record);
  }
  if (done && !before_of.empty()) {
    done = status_of(connection.execute(
        "INSERT INTO taken SELECT * FROM unnest($1, $2, $3) ON CONFLICT (device, hour) DO UPDATE "
        "SET record = excluded.record",
        before_of.devices(), before_of.hours(), std::span<const std::int64_t>(records)));
  }
  if (!done || !moves_) return done;
  std::vector<std::int64_t> positions;
  positions.reserve(kPartitions);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    positions.push_back(signed_of(positions_before_.at(static_cast<Partition>(i))));
  }
  return status_of(connection.execute(
      "UPDATE part SET position = of.position FROM unnest($1) WITH ORDINALITY AS of (position, n) "
      "WHERE part.p = of.n - 1",
      std::span<const std::int64_t>(positions)));
}

}  // namespace gridloom::history
