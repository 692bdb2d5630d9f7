// One session with a PostgreSQL server, by libpq.
//
// Every call blocks its thread, which is never one that serves connections (an I/O thread), and
// ends in time: when the call timeout is over (Options), or when a stop is requested. The
// connection is lost then, as it is by any failure of the network or the server: is_alive() is
// false, and every later call fails at once. A Pool makes another.
//
// Errors: see Failure; last_failure() says which one the last failed call met. A message has the
// server's primary message and its SQLSTATE, never the value of a parameter.
//
// Thread rule: one thread at a time; only the stop may be requested by any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "postgres/failure.h"
#include "postgres/rows.h"
#include "postgres/settings.h"
#include "postgres/values.h"

namespace gridloom::postgres {

struct Notification {
  std::string channel;
  std::string payload;
};

class Connection {
 public:
  struct Options {
    // How long a call may take. The server ends a statement after this time (statement_timeout),
    // and a server that does not answer holds a caller for kGrace longer.
    Millis call_timeout{5'000};
    // How long the server waits for a lock of another session.
    Millis lock_timeout{2'000};
    std::stop_token stop = {};
  };
  static constexpr Millis kGrace{500};

  // Tries each host in turn, the connect timeout long each. kIo: none of them can be used.
  [[nodiscard]] static Result<Connection> open(const ConnectionSettings& settings,
                                               const Options& options);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  [[nodiscard]] bool is_alive() const;
  // is_alive(), and as far as the socket tells without waiting, the server has not closed it.
  [[nodiscard]] bool is_usable();
  [[nodiscard]] bool is_in_transaction() const;
  // A statement of the transaction failed: only a rollback can follow.
  [[nodiscard]] bool has_failed_transaction() const;
  [[nodiscard]] Failure last_failure() const;
  // The schema of our tables, which search_path has.
  [[nodiscard]] const std::string& schema() const;
  // The version of the server, as in 150018.
  [[nodiscard]] int server_version() const;

  // Runs a script of several statements without parameters, in one implicit transaction.
  [[nodiscard]] Status run(const std::string& script);

  // Sends a script that ends no later than the next call and leaves no transaction open, as
  // ROLLBACK does: its answer is not waited for, and its errors are not reported.
  void post(const std::string& script);

  // The parameters $1, $2, … have the types that values.h lists. A statement is prepared at its
  // first use, by its text and the types of its parameters.
  template <typename... T>
  [[nodiscard]] Result<Rows> query(std::string_view sql, const T&... values) {
    Values all;
    (all.add(values), ...);
    return query_values(sql, all);
  }
  // Returns the number of rows changed.
  template <typename... T>
  [[nodiscard]] Result<std::int64_t> execute(std::string_view sql, const T&... values) {
    GL_TRY(const Rows rows, query(sql, values...));
    return rows.changed();
  }
  // The first column of the first row. kNotFound: there is no row.
  template <typename... T>
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql, const T&... values) {
    GL_TRY(const Rows rows, query(sql, values...));
    if (rows.empty()) return fail(ErrorCode::kNotFound, "the database has no such row");
    return rows[0].integer(0);
  }
  [[nodiscard]] Result<Rows> query_values(std::string_view sql, const Values& values);

  // Reads rows one by one as the server sends them, so that any number of them fits in memory.
  // Stops at the first error of `on_row`, after which the connection is lost unless all rows were
  // sent. The call timeout is of the whole call.
  using OnRow = std::function<Status(const Row& row)>;
  [[nodiscard]] Status each_row(std::string_view sql, const Values& values, const OnRow& on_row);

  // Waits for notifications of the channels that were LISTENed to, up to `at_most`; empty if none
  // came. Other calls keep what they receive meanwhile for the next one of this.
  [[nodiscard]] Result<std::vector<Notification>> wait_for_notifications(Millis at_most);

 private:
  friend class CopyIn;
  friend class Pipeline;
  struct State;

  explicit Connection(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// A transaction of a Connection, rolled back unless it was committed.
//
// Thread rule: as for the Connection, which outlives this.
class Transaction {
 public:
  enum class Kind : std::uint8_t {
    kWriting,  // READ COMMITTED
    kReading,  // REPEATABLE READ, READ ONLY: all reads see the state of the first of them
  };
  enum class Outcome : std::uint8_t {
    kOpen,
    kCommitted,
    kRolledBack,
    // The connection was lost between COMMIT and its answer. Only a look into the database, over
    // another connection, tells: a writer throws away what it believes and reads its position.
    kUnknown,
  };

  [[nodiscard]] static Result<Transaction> begin(Connection& connection,
                                                 Kind kind = Kind::kWriting);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), outcome_(other.outcome_) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Durable when it returns, as far as the server's synchronous_commit says. An error leaves the
  // outcome kRolledBack or kUnknown; no other function may be called after it.
  [[nodiscard]] Status commit();
  [[nodiscard]] Outcome outcome() const { return outcome_; }

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}

  Connection* connection_;
  Outcome outcome_ = Outcome::kOpen;
};

}  // namespace gridloom::postgres
