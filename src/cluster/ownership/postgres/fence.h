// The first statement of every transaction in which a store of an owner writes: it fails if the
// node has lost the slot. The row of the slot is locked until the transaction ends, so that a claim
// waits for it, and nothing of the owner before is committed after a claim.
//
// A node that stops in the middle of such a transaction does not hold up a claim for long: the
// server ends its session after kLongestIdle between two statements.
//
// Thread rule: any function from any thread; a connection is used by one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "ownership/node_id.h"
#include "postgres/connection.h"

namespace gridloom::cluster {

class Fence {
 public:
  static constexpr Millis kLongestIdle{3'000};

  // `schema`: that of the cluster's tables; empty: the connections find them by themselves.
  explicit Fence(std::string_view schema = {});

  // In the caller's transaction, which has to be READ COMMITTED (postgres::Transaction's kWriting).
  // Several may hold the same slot; one that holds several slots asks for them in their order.
  // kConflict: the slot has another revision; the transaction cannot be of use any more. kIo.
  [[nodiscard]] Status check(postgres::Connection& connection, Slot slot, Revision revision);
  // The same for the one store that moves the slot's position, from `from` to `to`, which is above
  // it. kConflict also if the row has another position: `from` is to be read again.
  struct Move {
    std::int64_t from = 0;
    std::int64_t to = 0;
  };
  [[nodiscard]] Status check_and_move(postgres::Connection& connection, Slot slot,
                                      Revision revision, const Move& move);
  // The same for a move that is taken back, because its commit was not answered: `to` is below
  // `from`.
  [[nodiscard]] Status check_and_move_back(postgres::Connection& connection, Slot slot,
                                           Revision revision, const Move& move);

  // How many transactions were refused: what nodes tried to write that had lost their slot.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  [[nodiscard]] std::unexpected<Error> refuse(postgres::Connection& connection, Slot slot,
                                              Revision revision);
  [[nodiscard]] Status move(postgres::Connection& connection, const std::string& sql, Slot slot,
                            Revision revision, const Move& move);

  const std::string hold_;
  const std::string move_;
  const std::string move_back_;
  const std::string row_;
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace gridloom::cluster
