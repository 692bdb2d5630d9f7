#include "history/store/row_retention.h"

#include <fmt/format.h>

#include <limits>

#include "history/store/change_writer.h"
#include "history/store/history_tables.h"

namespace gridloom::history {
namespace {

using tables::Bytes;
using tables::RowView;
using tables::TableConnection;

constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

const tables::Table& table_of(RetentionStore::Kind kind) {
  switch (kind) {
    case RetentionStore::Kind::kChunks:
      return kChunks;
    case RetentionStore::Kind::kRollups:
      return kRollups;
    case RetentionStore::Kind::kEnergies:
      return kEnergies;
    case RetentionStore::Kind::kTwin:
      return kTwins;
    case RetentionStore::Kind::kEvents:
      break;
  }
  return kEvents;
}

}  // namespace

RowRetention::RowRetention(std::shared_ptr<TableConnection> connection,
                           std::unique_ptr<Companion> companion,
                           const std::shared_ptr<DamagedRows>& damaged)
    : connection_(std::move(connection)), companion_(std::move(companion)) {
  connection_->on_damaged(
      [damaged](const tables::Table& table, const RowView& row) { damaged->found(table, row); });
}

Result<bool> RowRetention::commit(const Work& slice) {
  GL_TRY(auto transaction, tables::Transaction::begin(*connection_));
  GL_TRY(companion_->begins({}));
  GL_TRY(lock_writer(*connection_));
  auto result = slice();
  if (!result) return result;
  GL_TRY(transaction.commit());
  return result;
}

Status RowRetention::in_transaction(const std::function<Status()>& work) {
  if (connection_->is_in_transaction()) return work();
  GL_TRY(commit([&work]() -> Result<bool> {
    GL_TRY(work());
    return true;
  }));
  return {};
}

Result<std::optional<std::int64_t>> RowRetention::first_of(std::string_view sql,
                                                           const tables::Parameters& parameters) {
  std::optional<std::int64_t> first;
  GL_TRY(connection_->each(sql, parameters, [&first](const RowView& row) -> Result<bool> {
    first = row.integer(0);
    return false;
  }));
  return first;
}

Result<std::size_t> RowRetention::remove_some(const tables::Table& table, std::string_view where,
                                              const tables::Parameters& parameters,
                                              std::size_t most) {
  GL_TRY(const auto removed,
         connection_->remove_some(table, where, parameters, static_cast<std::int64_t>(most)));
  return static_cast<std::size_t>(removed);
}

Result<std::optional<DeviceNumber>> RowRetention::next_device(Kind kind,
                                                              std::optional<DeviceNumber> after) {
  return first_of(fmt::format("SELECT device FROM {} WHERE device > $1 ORDER BY device LIMIT 1",
                              table_of(kind).name),
                  {after.value_or(std::numeric_limits<std::int64_t>::min())});
}

// Derived rows go first: devices are found by the others.
Result<std::size_t> RowRetention::remove(Kind kind, DeviceNumber device, std::size_t most) {
  auto derived = companion_->remove_derived(kind, device, kForEver, most);
  if (!derived || *derived != 0) return derived;
  return remove_some(table_of(kind), "device = $1", {device}, most);
}

Result<std::int64_t> RowRetention::next_mark() {
  GL_TRY(const auto mark, connection_->integer("SELECT mark FROM writer"));
  return mark + 1;
}

Result<std::optional<std::int64_t>> RowRetention::next_hour(DeviceNumber device, std::int64_t from,
                                                            std::int64_t to, std::int64_t below) {
  return first_of(
      "SELECT hour FROM block AS old WHERE device = $1 AND hour >= $2 AND hour < $3 "
      "AND NOT EXISTS (SELECT 1 FROM block AS young WHERE young.device = old.device "
      "AND young.hour = old.hour AND young.hour >= $2 AND young.hour < $3 AND young.mark >= $4) "
      "ORDER BY hour LIMIT 1",
      {device, from, to, below});
}

Result<std::vector<std::string>> RowRetention::chunks(const DeviceHour& of) {
  std::vector<std::string> chunks;
  const std::uint64_t damaged = connection_->damaged();
  GL_TRY(connection_->read(kChunks, "WHERE device = $1 AND hour = $2 ORDER BY chunk",
                           {of.device, of.hour}, [&chunks](const RowView& row) -> Result<bool> {
                             chunks.emplace_back(row.bytes(4));
                             return true;
                           }));
  if (connection_->damaged() == damaged) return chunks;
  return fail(ErrorCode::kMalformed, "the checksum of one of its rows is wrong");
}

Status RowRetention::replace_by_rollups(const DeviceHour& of, std::string_view rollups) {
  return in_transaction([&]() -> Status {
    GL_TRY(companion_->make_room(of.hour));
    const std::vector<tables::Row> row{{of.device, of.hour, Bytes{rollups}}};
    GL_TRY(connection_->add_missing(kRollups, row));
    return connection_->remove(kChunks, {"device", "hour"}, {of.device, of.hour});
  });
}

Result<std::size_t> RowRetention::remove_rollups(DeviceNumber device, std::int64_t before,
                                                 std::size_t most) {
  GL_TRY(companion_->remove_derived(Kind::kRollups, device, before, 4 * most));
  return remove_some(kRollups, "device = $1 AND hour < $2", {device, before}, most);
}

Result<std::size_t> RowRetention::remove_audit(std::int64_t before_ms, std::size_t most) {
  return remove_some(kAudit,
                     "sequence < coalesce((SELECT min(young.sequence) FROM audit_entry AS young "
                     "WHERE young.at_ms >= $1), 9223372036854775807)",
                     {before_ms}, most);
}

Result<std::size_t> RowRetention::remove_events(std::int64_t before_ms, std::size_t most) {
  return remove_some(kEvents, "NOT open AND at_ms < $1", {before_ms}, most);
}

Result<std::vector<RunningDay>> RowRetention::running_days() {
  std::vector<RunningDay> days;
  GL_TRY(connection_->read(
      kRunningDays, "ORDER BY day", {}, [&days](const RowView& row) -> Result<bool> {
        days.push_back(
            {.day = row.integer(0), .ran_ms = row.integer(1), .first_mark = row.integer(2)});
        return true;
      }));
  return days;
}

Status RowRetention::put_running_day(const RunningDay& day) {
  return in_transaction([&] {
    return connection_->put(kRunningDays, tables::Row{day.day, day.ran_ms, day.first_mark});
  });
}

Status RowRetention::remove_running_day(std::int64_t day) {
  return in_transaction([&] { return connection_->remove(kRunningDays, {"day"}, {day}); });
}

}  // namespace gridloom::history
