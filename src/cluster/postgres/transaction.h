// A transaction of a Connection, rolled back unless it was committed.
//
// Thread rule: as for the Connection, which outlives this.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.h"
#include "postgres/connection.h"

namespace gridloom::postgres {

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
