#include "mqtt/row_sessions.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace gridloom::mqtt {

using Purpose = SessionDatabase::Purpose;
using tables::TableConnection;
using tables::Transaction;

std::string RowSessions::loss(bool served_before) const {
  if (!options_.loss.empty() || options_.if_missing.empty() || !served_before) return options_.loss;
  return fmt::format("{}: {}", options_.if_missing, kWhatIsLost);
}

Status RowSessions::write(const Batch& batch) {
  is_maybe_written_ = false;
  GL_TRY(const auto connection, options_.database->connect(Purpose::kWriting));
  GL_TRY(auto transaction, Transaction::begin(*connection));
  GL_TRY(options_.database->check_writes(*connection));
  // Waits for the end of a transaction whose connection was lost.
  GL_TRY(connection->lock("sessions"));
  GL_TRY(const auto found, read_state(*connection));
  GL_TRY(auto prepared, prepare(batch, found));
  const SessionState next{.batch = prepared.number,
                          .record = static_cast<std::int64_t>(batch.record),
                          .number = batch.number};
  Status done = write_all(*connection, prepared, next);
  is_maybe_written_ = connection->has_steps();
  if (!done) return done;
  if (done = transaction.commit(); !done) {
    if (connection->is_unanswered()) {
      is_maybe_written_ = true;
      unanswered_ = std::move(prepared);
    }
    return done;
  }
  remember(std::move(prepared));
  if (stored_.record != next.record || stored_.batch == first_.batch) {
    options_.seen.remember(batch.record);
  }
  stored_ = next;
  log_is_empty_ = options_.empties_log_every.count() == 0;
  if (!log_is_empty_ && std::chrono::steady_clock::now() >= log_due_) upkeep();
  return {};
}

// One step of the transaction has the streams and the record: receipts must match it.
Status RowSessions::write_all(TableConnection& connection, const RecentBatch& batch,
                              const SessionState& next) {
  GL_TRY(write_rows(connection, batch.rows));
  GL_TRY(write_streams(connection, batch.streams));
  return write_state(connection, next);
}

void RowSessions::remember(RecentBatch batch) {
  if (options_.may_be_set_back) recent_.add(std::move(batch), std::chrono::steady_clock::now());
}

Result<RecentBatch> RowSessions::prepare(const Batch& batch, const SessionState& found) {
  if (auto unanswered = std::exchange(unanswered_, std::nullopt);
      unanswered && unanswered->number == found.batch) {
    remember(std::move(*unanswered));
    stored_ = found;
  }
  RecentBatch next{.before = found.batch,
                   .number = stored_.batch + 1,
                   .rows = batch.rows,
                   .streams = {batch.streams.begin(), batch.streams.end()}};
  if (found.batch == stored_.batch) return next;
  const std::string where = options_.database->description();
  if (found.batch > stored_.batch) {
    return fail(ErrorCode::kConflict,
                fmt::format("another server writes MQTT sessions into {}, up to batch {}; this one "
                            "wrote batch {} last",
                            where, found.batch, stored_.batch));
  }
  const std::string set_back = fmt::format(
      "the MQTT sessions in {} are as they were at record {} of the log, although they were stored "
      "up to record {}: another server has taken over, or a backup was restored",
      where, found.record, stored_.record);
  auto lacking = recent_.after(found.batch);
  if (!lacking) {
    spdlog::error("{}; changes that are older than some minutes are lost", set_back);
    return next;
  }
  spdlog::warn("{}; the changes since then are written again", set_back);
  append(*lacking, std::move(next.rows), std::move(next.streams));
  lacking->number = next.number;
  return std::move(*lacking);
}

Result<ReadRows> RowSessions::load(const PendingRows& pending) {
  const auto read = [&]() -> Result<ReadRows> {
    GL_TRY(const auto connection, options_.database->connect(Purpose::kReadingAll));
    GL_TRY(const auto reading, Transaction::begin(*connection, TableConnection::Access::kReading));
    return read_rows(*connection, pending);
  };
  auto rows = read();
  if (!rows) return std::unexpected(options_.database->with_remedy(rows.error()));
  // The next start does not tell of a loss again.
  if (!options_.loss.empty() || !options_.if_missing.empty()) {
    options_.seen.remember(static_cast<std::uint64_t>(stored_.record));
  }
  return rows;
}

std::optional<SessionTables::Moment> RowSessions::upkeep_due() const {
  return log_is_empty_ ? std::nullopt : std::optional(log_due_);
}

void RowSessions::upkeep() {
  const auto connection = options_.database->connect(Purpose::kWriting);
  log_is_empty_ = connection && (*connection)->empty_log();
  log_due_ = std::chrono::steady_clock::now() + options_.empties_log_every;
}

}  // namespace gridloom::mqtt
