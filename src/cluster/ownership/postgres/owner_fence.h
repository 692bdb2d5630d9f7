// The fence as the stores of one owner use it: the slot and the revision that they write under, and
// what happens once one of them is refused.
//
// Thread rule: any function from any thread; a connection is used by one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "base/result.h"
#include "ownership/node_id.h"
#include "ownership/postgres/fence.h"
#include "postgres/connection.h"

namespace gridloom::cluster {

class OwnerFence {
 public:
  struct Options {
    Fence* fence = nullptr;  // outlives this
    Slot slot{};
    Revision revision = 0;
    // Called for each transaction that is refused, on the thread that has it. It must not block.
    std::function<void(const Error&)> on_refused{};
  };
  explicit OwnerFence(Options options) : options_(std::move(options)) {}

  // As the functions of Fence.
  [[nodiscard]] Status check(postgres::Connection& connection) const {
    return told(options_.fence->check(connection, options_.slot, options_.revision));
  }
  // Moves the slot's position forward or back, or only checks if it stays.
  [[nodiscard]] Status check_and_move(postgres::Connection& connection,
                                      const Fence::Move& move) const {
    if (move.from == move.to) return check(connection);
    return told(move.from < move.to ? options_.fence->check_and_move(connection, options_.slot,
                                                                     options_.revision, move)
                                    : options_.fence->check_and_move_back(connection, options_.slot,
                                                                          options_.revision, move));
  }

 private:
  [[nodiscard]] Status told(Status checked) const {
    if (!checked && checked.error().code == ErrorCode::kConflict && options_.on_refused) {
      options_.on_refused(checked.error());
    }
    return checked;
  }

  const Options options_;
};

}  // namespace gridloom::cluster
