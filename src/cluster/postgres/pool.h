// A bounded number of connections for one job (such as reading history), made when they are wanted
// and used again.
//
// While the database is away, a connection is tried for at most once a pause, which grows:
// acquire() fails at once in between, with the last error.
// Thread rule: any function from any thread. The pool outlives its leases.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/growing_pause.h"
#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/settings.h"

namespace gridloom::postgres {

// The knowledge about a database that is away, for all pools of one job: what one of them learns
// holds for the others. Any function from any thread.
class Absence {
 public:
  static constexpr GrowingPause::Options kPauses{.shortest = Millis(250), .longest = Millis(5'000)};
  explicit Absence(const GrowingPause::Options& pauses = kPauses) : pause_(pauses) {}

  // The last error, while no connection is to be tried.
  [[nodiscard]] std::optional<Error> error_until_next_try() const;
  void begin_or_go_on(const Error& error, TimePoint now);
  void end();
  [[nodiscard]] std::optional<TimePoint> since() const;
  [[nodiscard]] std::string last_error() const;

 private:
  mutable std::mutex mutex_;  // guards the members below
  std::optional<TimePoint> since_;
  std::string last_error_;
  GrowingPause pause_;
  std::chrono::steady_clock::time_point next_try_;
};

class Pool {
 public:
  struct Options {
    std::string job;  // for messages and application_name: "history reader"
    std::size_t most = 4;
    Millis acquire_timeout{2'000};        // for a connection that others use
    Connection::Options connection = {};  // its stop is the pool's own
    GrowingPause::Options pauses = Absence::kPauses;
    const Clock& clock;                     // of Health; outlives the pool
    std::shared_ptr<Absence> absence = {};  // null: the pool's own, with `pauses`
  };
  struct Health {
    std::optional<TimePoint> away_since = {};  // nothing: the last connection was made
    std::string last_error = {};               // of the last time it was away
    std::size_t open = 0;                      // connections
    std::size_t in_use = 0;
  };

  Pool(ConnectionSettings settings, Options options);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { stop(); }

  // A connection that nobody else uses, given back when it is destroyed. One that is lost, or is in
  // a transaction then, is closed.
  class Lease {
   public:
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    [[nodiscard]] Connection& operator*() { return connection_; }
    [[nodiscard]] Connection* operator->() { return &connection_; }

   private:
    friend class Pool;
    Lease(Pool& pool, Connection connection) : pool_(&pool), connection_(std::move(connection)) {}

    Pool* pool_;
    Connection connection_;
  };
  // kIo: the database is away, all connections stay in use, or the pool was stopped.
  [[nodiscard]] Result<Lease> acquire();

  // Ends the calls that are under way; every later acquire() fails.
  void stop();
  [[nodiscard]] Health health() const;

 private:
  // Makes a connection, for which a place is reserved.
  [[nodiscard]] Result<Connection> connect();
  void give_back(Connection connection);

  const ConnectionSettings settings_;
  const Options options_;
  const std::shared_ptr<Absence> absence_;
  std::stop_source stop_;

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::vector<Connection> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace gridloom::postgres
