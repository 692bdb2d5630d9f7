#include "postgres/holder.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/growing_pause.h"
#include "base/printable.h"

namespace gridloom::postgres {
namespace {

using Steady = std::chrono::steady_clock;

// The class of our advisory locks; the schema is the object, as each has a server of its own.
constexpr std::string_view kTry = "SELECT pg_try_advisory_lock(1196182532, hashtext($1))";
constexpr std::string_view kTryShared =
    "SELECT pg_try_advisory_lock_shared(1196182532, hashtext($1))";
constexpr std::string_view kWho =
    "SELECT a.application_name, coalesce(host(a.client_addr), 'the database''s own machine'), "
    "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
    "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1196182532 "
    "AND l.objid = (hashtext($1)::bigint & 4294967295)::oid "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
constexpr Millis kLook{1'000};        // for a lost session
constexpr Millis kBetweenTries{200};  // while another has the lock

Result<bool> try_lock(Connection& connection, Holder::Kind kind) {
  GL_TRY(const auto rows,
         connection.query(kind == Holder::Kind::kShared ? kTryShared : kTry, connection.schema()));
  return rows[0].boolean(0);
}

// The server that has the lock, as far as the database knows.
std::string holder_of(Connection& connection) {
  const auto rows = connection.query(kWho, connection.schema());
  if (!rows || rows->empty()) return "another server";
  return fmt::format("{} ({}, since {} UTC)", printable((*rows)[0].bytes(0)), (*rows)[0].bytes(1),
                     (*rows)[0].bytes(2));
}

Error taken_by(const ConnectionSettings& settings, const std::string& who) {
  return {.code = ErrorCode::kConflict,
          .detail = fmt::format("the database {} belongs to {}: one server, or one cluster, has a "
                                "database; stop that first, or name another database or schema",
                                settings.description(), who)};
}

// Waits up to `time`; false: a stop was requested.
bool pause(const std::stop_token& stop, Millis time) {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::unique_lock lock(mutex);
  return !ended.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

}  // namespace

Holder::Holder(ConnectionSettings settings, Kind kind, Connection connection)
    : settings_(std::move(settings)),
      kind_(kind),
      thread_([this, own = std::move(connection)](const std::stop_token& stop) mutable {
        keep(stop, std::move(own));
      }) {}

Holder::~Holder() = default;

Result<std::unique_ptr<Holder>> Holder::take(const ConnectionSettings& settings, Millis patience,
                                             Kind kind) {
  GL_TRY(auto connection, Connection::open(settings, {}));
  const auto until = Steady::now() + patience;
  while (true) {
    GL_TRY(const auto got, try_lock(connection, kind));
    if (got) break;
    if (Steady::now() >= until) {
      return std::unexpected(taken_by(settings, holder_of(connection)));
    }
    (void)pause({}, kBetweenTries);
  }
  return std::unique_ptr<Holder>(new Holder(settings, kind, std::move(connection)));
}

void Holder::keep(const std::stop_token& stop, Connection connection) const {
  std::optional<Connection> own(std::move(connection));
  GrowingPause growing;
  bool is_told = false;  // that another has the lock
  while (pause(stop, own ? kLook : growing.next())) {
    if (own && own->is_usable()) continue;
    own.reset();
    auto again = Connection::open(settings_, {.stop = stop});
    if (!again) continue;
    const auto got = try_lock(*again, kind_);
    if (!got) continue;
    if (!*got) {
      if (!std::exchange(is_told, true)) {
        spdlog::error("{}", taken_by(settings_, holder_of(*again)).detail);
      }
      continue;
    }
    own.emplace(std::move(*again));
    growing.reset();
    is_told = false;
  }
}

}  // namespace gridloom::postgres
