// The session store in PostgreSQL. docs/internals/formats.md shows the tables.
#include "database/mqtt/session_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "mqtt/deferred_store.h"
#include "mqtt/row_sessions.h"
#include "mqtt/session_rows.h"
#include "postgres/connection.h"
#include "postgres/migrate.h"
#include "postgres/pool.h"
#include "postgres/settings.h"
#include "postgres/table_connection.h"
#include "storage/summed_file.h"

namespace gridloom::mqtt {
namespace {

using postgres::Connection;
using postgres::ConnectionSettings;
using postgres::Pool;
using postgres::PostgresTableConnection;

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

class PostgresSessions final : public SessionDatabase {
 public:
  PostgresSessions(const ConnectionSettings& settings, CheckWrites check)
      : settings_(settings),
        check_(std::move(check)),
        pool_(settings, {.job = "sessions",
                         .most = 1,
                         .connection = {.call_timeout = kWriteTimeout},
                         .clock = clock_}) {}

  [[nodiscard]] std::string_view name() const override { return "the database"; }
  [[nodiscard]] std::string description() const override { return settings_.description(); }
  [[nodiscard]] Result<std::shared_ptr<tables::TableConnection>> connect(Purpose purpose) override {
    if (purpose == Purpose::kWriting) {
      GL_TRY(auto lease, pool_.acquire());
      return postgres::owned(std::move(lease));
    }
    GL_TRY(auto connection, Connection::open(settings_, {.call_timeout = kOpenTimeout}));
    return postgres::owned(std::move(connection));
  }
  [[nodiscard]] Status check_writes(tables::TableConnection& connection) override {
    GL_TRY(Connection* const writing,
           static_cast<PostgresTableConnection&>(connection).connection());
    if (check_) {
      GL_TRY(check_(*writing));
    }
    return writing->run(kSettings);
  }

 private:
  const ConnectionSettings settings_;
  const CheckWrites check_;
  SystemClock clock_;
  Pool pool_;
};

// The state that is read when the store is opened.
struct Opened {
  SessionState state;
  StreamTable streams;
  bool is_new = false;
};
Result<Opened> read_opened(const ConnectionSettings& settings) {
  GL_TRY(auto opened, Connection::open(settings, {.call_timeout = kOpenTimeout,
                                                  .lock_timeout = kOpenLockTimeout}));
  GL_TRY(const auto before, postgres::version_of(opened, kSessionSchema.name));
  GL_TRY(make_tables(opened, kPostgresSessionSchema));
  PostgresTableConnection connection(opened);
  GL_TRY(const auto reading,
         tables::Transaction::begin(connection, tables::TableConnection::Access::kReading));
  GL_TRY(const auto state, read_state(connection));
  GL_TRY(auto streams, read_streams(connection));
  streams.set_record(static_cast<std::uint64_t>(state.record));
  return Opened{.state = state, .streams = std::move(streams), .is_new = before == 0};
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
  RowSessionsOptions options{
      .database = std::make_unique<PostgresSessions>(settings, std::move(check)),
      .state = state,
      .seen = seen_in(folder),
      .loss = std::move(loss),
      .if_missing = opened.is_new ? "the database had no MQTT sessions" : "",
      .may_be_set_back = true};
  return std::make_unique<DeferredStore>(std::make_unique<RowSessions>(std::move(options)),
                                         std::move(start));
}

}  // namespace gridloom::mqtt
