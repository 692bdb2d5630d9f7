#include "history/store/change_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "base/partition.h"
#include "history/store/history_tables.h"
#include "history/store/stored_events.h"

namespace gridloom::history {
namespace {

using tables::AnyText;
using tables::Bytes;
using tables::Row;
using tables::RowView;
using tables::TableConnection;

constexpr std::array kHourKeys{std::string_view("device"), std::string_view("hour")};
constexpr std::array kChunkKeys{std::string_view("device"), std::string_view("hour"),
                                std::string_view("chunk")};

std::int64_t signed_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }

DeviceHour hour_at(const RowView& row) {
  return {.device = row.integer(0), .hour = row.integer(1)};
}

Row keys_of(const DeviceHour& of) { return {of.device, of.hour}; }

bool can_be_stored(std::int64_t hour) {
  return hour >= std::numeric_limits<std::int32_t>::min() &&
         hour <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

// A program of before that still writes to the database gives its number as the mark.
std::int64_t newest_mark(const RowView& row) { return std::max(row.integer(2), row.integer(1)); }

Result<WriterState> read_writer_state(TableConnection& connection) {
  WriterState state;
  bool is_there = false;
  GL_TRY(connection.read(kWriter, "", {}, [&](const RowView& row) -> Result<bool> {
    is_there = true;
    state.number = row.integer(1);
    state.mark = newest_mark(row);
    return false;
  }));
  std::vector<std::uint64_t> positions;
  GL_TRY(connection.read(kParts, "ORDER BY p", {}, [&](const RowView& row) -> Result<bool> {
    if (row.integer(0) == std::ssize(positions)) {
      positions.push_back(static_cast<std::uint64_t>(row.integer(1)));
    }
    return true;
  }));
  if (!is_there || positions.size() != kPartitions) {
    return fail(ErrorCode::kDamaged, "the positions of the journal are not in the storage");
  }
  if (std::ranges::all_of(positions, [&](std::uint64_t p) { return p == positions.front(); })) {
    state.positions = journal::Positions::everywhere(positions.front());
    return state;
  }
  for (std::size_t p = 0; p < positions.size(); ++p) {
    state.positions.advance(static_cast<Partition>(p), positions[p]);
  }
  return state;
}

Result<std::int64_t> lock_writer(TableConnection& connection) {
  GL_TRY(connection.lock("history writer"));
  return connection.integer("SELECT number FROM writer");
}

Result<ChangeWriter> ChangeWriter::prepare(const Changes& changes, Companion& companion) {
  ChangeWriter writer(changes, companion.may_be_unanswered());
  std::vector<Companion::Over> over;
  GL_TRY(writer.add_hours(over));
  writer.add_energies();
  std::vector<DeviceHour> hours;
  hours.reserve(writer.hours_.size());
  for (const Hour& hour : writer.hours_) hours.push_back(hour.of);
  writer.derived_ = companion.derive(hours, over, writer.energies_);
  return writer;
}

Status ChangeWriter::add_hours(std::vector<Companion::Over>& over) {
  std::map<DeviceHour, std::size_t> places;
  for (const Changes::Hour& each : changes_->hours) {
    if (!can_be_stored(each.of.hour)) {
      return fail(ErrorCode::kMalformed, fmt::format("no hour has the number {}", each.of.hour));
    }
    const auto [place, is_new] = places.try_emplace(each.of, hours_.size());
    if (is_new) hours_.push_back({.of = each.of});
    Hour& hour = hours_[place->second];
    if (each.over) {
      hour.replaces = true;
      hour.chunks.clear();
      over.push_back({.of = each.of, .chunks = &each.chunks});
    }
    for (const std::string& chunk : each.chunks) hour.chunks.emplace_back(chunk, each.over);
    if (each.taken != 0) hour.taken = signed_of(each.taken);
  }
  return {};
}

void ChangeWriter::add_energies() {
  std::map<DeviceHour, const Changes::Energies*> last;
  for (const Changes::Energies& each : changes_->energies) last.insert_or_assign(each.of, &each);
  for (const auto& [of, each] : last) energies_.push_back(each);
}

LogMove ChangeWriter::move_from(const WriterState& state) const {
  const std::int64_t from = signed_of(state.positions.least());
  const std::int64_t to = changes_->applied ? signed_of(changes_->applied->least()) : from;
  return {.from = from, .to = std::max(from, to)};
}

LogMove ChangeWriter::move_back() const {
  return {.from = signed_of(after_.positions.least()), .to = signed_of(before_.positions.least())};
}

Status ChangeWriter::write(TableConnection& connection, const WriterState& state) {
  GL_TRY(count_up(connection, state));
  GL_TRY(put_names(connection));
  GL_TRY(put_hours(connection));
  if (derived_) {
    GL_TRY(derived_->put_hours());
    GL_TRY(derived_->put_energies());
  }
  GL_TRY(put_energies(connection));
  GL_TRY(put_taken(connection));
  GL_TRY(put_twins(connection));
  GL_TRY(put_audit(connection));
  GL_TRY(put_stored_events(connection, changes_->events));
  return put_positions(connection, state);
}

// Keeps other writers waiting until the end of the transaction.
Status ChangeWriter::count_up(TableConnection& connection, const WriterState& state) {
  replaced_.clear();
  taken_before_.clear();
  names_.clear();
  for (const auto& [id, name] : changes_->names) names_.push_back(std::int64_t{id});
  before_ = state;
  after_ = state;
  ++after_.number;
  for (const Hour& hour : hours_) after_.mark += std::ssize(hour.chunks);
  moves_ = changes_->applied.has_value();
  GL_TRY(const auto number, lock_writer(connection));
  if (number != state.number) {
    return fail(ErrorCode::kConflict, "the storage has other changes than those of this server");
  }
  return connection.update(kWriter, {"number", "mark"}, {after_.number, after_.mark, 1});
}

Status ChangeWriter::put_names(TableConnection& connection) const {
  std::vector<Row> rows;
  rows.reserve(changes_->names.size());
  for (const auto& [id, name] : changes_->names) rows.push_back({std::int64_t{id}, AnyText{name}});
  return connection.insert_all(kNames, rows);
}

// A damaged chunk stays, for an attempt to repair it by hand.
Status ChangeWriter::remove_replaced(TableConnection& connection) {
  std::vector<Row> over;
  for (const Hour& hour : hours_) {
    if (hour.replaces) over.push_back(keys_of(hour.of));
  }
  if (over.empty()) return {};
  std::vector<Row> removed;
  GL_TRY(
      connection.read_each(kChunks, kHourKeys, over, {}, [&](const RowView& row) -> Result<bool> {
        removed.push_back({row.integer(0), row.integer(1), row.integer(2)});
        if (keeps_undo_) {
          replaced_.push_back({.of = hour_at(row),
                               .chunk = row.integer(2),
                               .over = row.integer(3) != 0,
                               .bytes = std::string(row.bytes(4)),
                               .mark = row.integer(5)});
        }
        return true;
      }));
  return connection.remove_all(kChunks, kChunkKeys, removed, {});
}

Status ChangeWriter::put_hours(TableConnection& connection) {
  if (hours_.empty()) return {};
  const std::uint64_t damaged = connection.damaged();
  GL_TRY(remove_replaced(connection));
  const bool any_stay = connection.damaged() != damaged;
  std::vector<Row> open;
  for (const Hour& hour : hours_) {
    if (!hour.chunks.empty() && (!hour.replaces || any_stay)) open.push_back(keys_of(hour.of));
  }
  std::map<DeviceHour, std::int64_t> next;  // the number of the next chunk
  GL_TRY(connection.read_keys(kChunks, kHourKeys, open, [&](const RowView& row) -> Result<bool> {
    std::int64_t& number = next[hour_at(row)];
    number = std::max(number, row.integer(2) + 1);
    return true;
  }));
  std::vector<Row> rows;
  std::int64_t mark = before_.mark;
  for (const Hour& hour : hours_) {
    std::int64_t& chunk = next[hour.of];
    for (const auto& [bytes, over] : hour.chunks) {
      rows.push_back(
          {hour.of.device, hour.of.hour, chunk++, std::int64_t{over}, Bytes{bytes}, ++mark});
    }
  }
  return connection.insert_all(kChunks, rows);
}

Status ChangeWriter::put_energies(TableConnection& connection) const {
  std::vector<Row> rows;
  rows.reserve(energies_.size());
  for (const Changes::Energies* each : energies_) {
    rows.push_back({each->of.device, each->of.hour, Bytes{each->bytes}});
  }
  return connection.put_all(kEnergies, rows);
}

Status ChangeWriter::put_taken(TableConnection& connection) {
  std::vector<Row> keys;
  std::vector<Row> rows;
  for (const Hour& hour : hours_) {
    if (hour.taken == 0) continue;
    keys.push_back(keys_of(hour.of));
    rows.push_back({hour.of.device, hour.of.hour, hour.taken});
  }
  if (keeps_undo_) {
    GL_TRY(
        connection.read_each(kTaken, kHourKeys, keys, {}, [&](const RowView& row) -> Result<bool> {
          taken_before_.push_back({hour_at(row), row.integer(2)});
          return true;
        }));
  }
  return connection.put_all(kTaken, rows);
}

Status ChangeWriter::put_twins(TableConnection& connection) const {
  std::map<std::int64_t, const StoredTwin*> last;
  for (const StoredTwin& twin : changes_->twins) last.insert_or_assign(twin.device, &twin);
  std::vector<Row> rows;
  rows.reserve(last.size());
  for (const auto& [device, twin] : last) {
    rows.push_back({device, AnyText{twin->sn}, AnyText{twin->text}});
  }
  return connection.put_all(kTwins, rows);
}

Status ChangeWriter::put_audit(TableConnection& connection) const {
  std::map<std::uint64_t, const AuditRow*> first;
  for (const AuditRow& each : changes_->audit) first.try_emplace(each.sequence, &each);
  std::vector<Row> rows;
  rows.reserve(first.size());
  for (const auto& [sequence, row] : first) {
    rows.push_back({signed_of(sequence), time_of_entry(row->entry), AnyText{row->entry}});
  }
  return connection.add_missing(kAudit, rows);
}

// The positions imply the state of each hour, which is not written again.
Status ChangeWriter::put_positions(TableConnection& connection, const WriterState& state) {
  if (!changes_->applied) return {};
  std::vector<Row> rows;
  for (std::size_t i = 0; i < kPartitions; ++i) {
    const auto partition = static_cast<Partition>(i);
    const std::uint64_t applied = changes_->applied->at(partition);
    if (applied <= state.positions.at(partition)) continue;
    rows.push_back({signed_of(applied), static_cast<std::int64_t>(i)});
  }
  if (rows.size() == kPartitions && changes_->applied->common()) {
    after_.positions = *changes_->applied;
  } else {
    for (const Row& row : rows) {
      after_.positions.advance(static_cast<Partition>(tables::number_of(row[1])),
                               static_cast<std::uint64_t>(tables::number_of(row[0])));
    }
  }
  constexpr std::array kPosition{std::string_view("position")};
  GL_TRY(connection.update_all(kParts, kPosition, rows));
  return remove_taken(connection);
}

Status ChangeWriter::remove_taken(TableConnection& connection) {
  const std::int64_t least = signed_of(after_.positions.least());
  if (keeps_undo_) {
    // Those that this transaction put itself are not of before it.
    const auto is_own = [this](const DeviceHour& of) {
      return std::ranges::any_of(
          hours_, [&of](const Hour& hour) { return hour.of == of && hour.taken != 0; });
    };
    GL_TRY(connection.read(kTaken, "WHERE record <= $1", {least},
                           [&](const RowView& row) -> Result<bool> {
                             if (!is_own(hour_at(row))) {
                               taken_before_.push_back({hour_at(row), row.integer(2)});
                             }
                             return true;
                           }));
  }
  GL_TRY(connection.remove_some(kTaken, "record <= $1", {least}, TableConnection::kAll));
  return {};
}

// Twins, energies, the audit and events are written in the same way again.
Status ChangeWriter::undo(TableConnection& connection) const {
  GL_TRY(connection.update(kWriter, {"number"}, {after_.number + 1, 1}));
  std::vector<Row> names;
  names.reserve(names_.size());
  for (const std::int64_t id : names_) names.push_back({id});
  constexpr std::array kId{std::string_view("id")};
  GL_TRY(connection.remove_all(kNames, kId, names, {}));
  std::vector<Row> hours;
  std::vector<Row> taken;
  for (const Hour& hour : hours_) {
    hours.push_back(keys_of(hour.of));
    if (hour.taken != 0) taken.push_back(keys_of(hour.of));
  }
  GL_TRY(connection.remove_all(
      kChunks, kHourKeys, hours,
      fmt::format("here.mark > {} AND here.mark <= {}", before_.mark, after_.mark)));
  std::vector<Row> chunks;
  chunks.reserve(replaced_.size());
  for (const StoredChunk& each : replaced_) {
    chunks.push_back({each.of.device, each.of.hour, each.chunk, std::int64_t{each.over},
                      Bytes{each.bytes}, each.mark});
  }
  GL_TRY(connection.insert_all(kChunks, chunks));
  GL_TRY(connection.remove_all(kTaken, kHourKeys, taken, {}));
  std::vector<Row> records;
  records.reserve(taken_before_.size());
  for (const StoredRecord& each : taken_before_) {
    records.push_back({each.of.device, each.of.hour, each.record});
  }
  GL_TRY(connection.put_all(kTaken, records));
  if (!moves_) return {};
  std::vector<Row> positions;
  positions.reserve(kPartitions);
  for (std::size_t i = 0; i < kPartitions; ++i) {
    positions.push_back(
        {static_cast<std::int64_t>(i), signed_of(before_.positions.at(static_cast<Partition>(i)))});
  }
  return connection.put_all(kParts, positions);
}

}  // namespace gridloom::history
