// The session store in PostgreSQL. A batch of changes is one transaction, in which the record of
// the log that it goes up to is stored too; docs/internals/formats.md shows the tables.
#include "database/mqtt/session_store.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "database/mqtt/recent_batches.h"
#include "database/mqtt/session_rows.h"
#include "mqtt/deferred_store.h"
#include "postgres/connection.h"
#include "postgres/pool.h"
#include "postgres/settings.h"
#include "storage/summed_file.h"

namespace gridloom::mqtt {
namespace {

using postgres::Connection;
using postgres::ConnectionSettings;
using postgres::Pool;
using postgres::Transaction;

constexpr Millis kOpenTimeout{600'000};  // of one call: it may read all messages
constexpr Millis kOpenLockTimeout{30'000};
constexpr Millis kWriteTimeout{15'000};  // of one call
constexpr GrowingPause::Options kPauses{.shortest = Millis(1'000), .longest = Millis(10'000)};

// Each statement finds its rows by an index. The planner, which decides once for each statement,
// must not go by tables that were empty then. The log is trimmed behind a commit, so that it has to
// be durable.
const std::string kSettings =
    "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; "
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; "
    "SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off; "
    "SELECT set_config('synchronous_commit', 'on', true) "
    "WHERE current_setting('synchronous_commit') = 'off'";

storage::SeenNumber seen_in(const std::filesystem::path& folder) {
  return storage::SeenNumber(folder / "sessions.seen");
}

class PostgresTables final : public SessionTables {
 public:
  struct Options {
    std::filesystem::path folder;
    std::string loss;
    SessionState state;
    bool is_new = false;  // there were no tables
    CheckWrites check;
  };
  PostgresTables(const ConnectionSettings& settings, Options options)
      : settings_(settings),
        options_(std::move(options)),
        seen_(seen_in(options_.folder)),
        stored_(options_.state),
        pool_(settings, {.job = "sessions",
                         .most = 1,
                         .connection = {.call_timeout = kWriteTimeout},
                         .clock = clock_}) {}

  [[nodiscard]] std::string_view name() const override { return "the database"; }
  [[nodiscard]] std::string loss(bool served_before) const override {
    if (!options_.loss.empty() || !options_.is_new || !served_before) return options_.loss;
    return fmt::format("the database had no MQTT sessions: {}", kWhatIsLost);
  }
  [[nodiscard]] Status write(const Batch& batch) override;
  [[nodiscard]] bool is_maybe_written() const override { return is_maybe_written_; }
  [[nodiscard]] Result<Content> load(const Batch& batch) override;

 private:
  // The batch as it is to be written into a database in this state.
  [[nodiscard]] Result<RecentBatch> prepare(const Batch& batch, const SessionState& found);
  [[nodiscard]] Status write_rows_of(Connection& connection, const RecentBatch& batch);

  ConnectionSettings settings_;
  Options options_;
  SystemClock clock_;
  storage::SeenNumber seen_;  // the record of `stored_`
  SessionState stored_;
  std::optional<RecentBatch> unanswered_;  // its COMMIT
  bool is_maybe_written_ = false;
  RecentBatches recent_;
  Pool pool_;
};

Status PostgresTables::write(const Batch& batch) {
  is_maybe_written_ = false;
  GL_TRY(auto lease, pool_.acquire());
  Connection& connection = *lease;
  GL_TRY(auto transaction, Transaction::begin(connection));
  if (options_.check) {
    GL_TRY(options_.check(connection));
  }
  GL_TRY(connection.run(kSettings));
  // The lock waits for the end of a transaction whose connection was lost.
  GL_TRY(const auto found, read_state(connection, StateLock::kUpdate));
  GL_TRY(auto prepared, prepare(batch, found));
  GL_TRY(write_rows_of(connection, prepared));
  const SessionState next{.batch = prepared.number,
                          .record = static_cast<std::int64_t>(batch.record),
                          .number = batch.number};
  GL_TRY(write_state(connection, next));
  if (Status done = transaction.commit(); !done) {
    is_maybe_written_ = transaction.outcome() == Transaction::Outcome::kUnknown;
    if (is_maybe_written_) unanswered_ = std::move(prepared);
    return done;
  }
  recent_.add(std::move(prepared), std::chrono::steady_clock::now());
  if (stored_.record != next.record || stored_.batch == options_.state.batch) {
    seen_.remember(batch.record);
  }
  stored_ = next;
  return {};
}

Status PostgresTables::write_rows_of(Connection& connection, const RecentBatch& batch) {
  GL_TRY(write_rows(connection, batch.rows));
  return write_streams(connection, batch.streams);
}

Result<RecentBatch> PostgresTables::prepare(const Batch& batch, const SessionState& found) {
  if (auto unanswered = std::exchange(unanswered_, std::nullopt);
      unanswered && unanswered->number == found.batch) {
    recent_.add(std::move(*unanswered), std::chrono::steady_clock::now());
    stored_ = found;
  }
  RecentBatch next{.before = found.batch,
                   .number = stored_.batch + 1,
                   .rows = batch.rows,
                   .streams = {batch.streams.begin(), batch.streams.end()}};
  if (found.batch == stored_.batch) return next;
  if (found.batch > stored_.batch) {
    return fail(ErrorCode::kConflict,
                fmt::format("another server writes MQTT sessions into {}, up to batch {}; this one "
                            "wrote batch {} last",
                            settings_.description(), found.batch, stored_.batch));
  }
  const std::string set_back = fmt::format(
      "the MQTT sessions in {} are as they were at record {} of the log, although they were stored "
      "up to record {}: another server has taken over, or a backup was restored",
      settings_.description(), found.record, stored_.record);
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

Result<SessionTables::Content> PostgresTables::load(const Batch& batch) {
  GL_TRY(auto connection, Connection::open(settings_, {.call_timeout = kOpenTimeout}));
  GL_TRY(const auto reading, Transaction::begin(connection, Transaction::Kind::kReading));
  GL_TRY(auto rows, read_rows(connection, batch.rows));
  return Content{.rows = std::move(rows)};
}

// The state that is read when the store is opened.
struct Opened {
  SessionState state;
  StreamTable streams;
  bool is_new = false;
};
Result<Opened> read_opened(const ConnectionSettings& settings) {
  GL_TRY(auto connection, Connection::open(settings, {.call_timeout = kOpenTimeout,
                                                      .lock_timeout = kOpenLockTimeout}));
  GL_TRY(const auto is_new, migrate_sessions(connection));
  GL_TRY(const auto reading, Transaction::begin(connection, Transaction::Kind::kReading));
  GL_TRY(const auto state, read_state(connection));
  GL_TRY(auto streams, read_streams(connection));
  streams.set_record(static_cast<std::uint64_t>(state.record));
  return Opened{.state = state, .streams = std::move(streams), .is_new = is_new};
}

// Describes the loss of commits that were made but are missing now.
std::string loss_since_seen(const std::filesystem::path& folder, std::uint64_t applied) {
  const auto seen = seen_in(folder).read();
  if (!seen || *seen <= applied) return {};
  return fmt::format(
      "MQTT sessions were stored up to record {} of the log, and the database has them as they "
      "were at record {}: another server has taken over, or a backup was restored; their changes "
      "that are not in the log are lost",
      *seen, applied);
}

}  // namespace

Result<std::unique_ptr<SessionStore>> open_in_postgres(const ConnectionSettings& settings,
                                                       const std::filesystem::path& folder,
                                                       CheckWrites check) {
  GL_TRY(auto opened, read_opened(settings));
  const SessionState state = opened.state;
  std::string loss;
  if (state.batch != 0) loss = loss_since_seen(folder, static_cast<std::uint64_t>(state.record));
  DeferredStore::Start start{.streams = std::move(opened.streams),
                             .number = state.number,
                             .highest = state.number,
                             .pauses = kPauses};
  // Above all numbers that were ever given out, which are unknown after a loss.
  if (!loss.empty()) start.number = std::max(state.number, unix_ms(SystemClock().now()));
  return std::make_unique<DeferredStore>(
      std::make_unique<PostgresTables>(settings,
                                       PostgresTables::Options{.folder = folder,
                                                               .loss = std::move(loss),
                                                               .state = state,
                                                               .is_new = opened.is_new,
                                                               .check = std::move(check)}),
      std::move(start));
}

}  // namespace gridloom::mqtt
