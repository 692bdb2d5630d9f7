#include "cluster/postgres/fence.h"

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>

#include "postgres/rows.h"

namespace gridloom::cluster {
namespace {

using postgres::Connection;
using postgres::Rows;

// The setting is the transaction's. A claim that is under way when this waits for it is seen: a
// READ COMMITTED transaction looks at the row again.
constexpr std::string_view kHold =
    "SELECT set_config('idle_in_transaction_session_timeout', $3, true) FROM cluster_slot "
    "WHERE slot = $1 AND revision = $2 FOR SHARE";
constexpr std::string_view kMove =
    "UPDATE cluster_slot SET position = $4 WHERE slot = $1 AND revision = $2 AND position = $3 "
    "AND position < $4 RETURNING set_config('idle_in_transaction_session_timeout', $5, true)";
constexpr std::string_view kRow =
    "SELECT revision, coalesce(owner, 'nobody'), position FROM cluster_slot WHERE slot = $1";

std::int16_t key_of(Slot slot) { return static_cast<std::int16_t>(number_of(slot)); }
std::string longest_idle() { return std::to_string(Fence::kLongestIdle.count()); }

}  // namespace

Status Fence::check(Connection& connection, Slot slot, Revision revision) {
  const Result<Rows> rows = connection.query(kHold, key_of(slot), revision, longest_idle());
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return refuse(connection, slot, revision);
  return {};
}

Status Fence::check_and_move(Connection& connection, Slot slot, Revision revision,
                             const Move& move) {
  const Result<Rows> rows =
      connection.query(kMove, key_of(slot), revision, move.from, move.to, longest_idle());
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return refuse(connection, slot, revision);
  return {};
}

std::unexpected<Error> Fence::refuse(Connection& connection, Slot slot, Revision revision) {
  ++refused_;
  const Result<Rows> found = connection.query(kRow, key_of(slot));
  if (!found) return std::unexpected(found.error());
  if (found->empty()) {
    return fail(ErrorCode::kConflict, fmt::format("the cluster has no slot {}", number_of(slot)));
  }
  return fail(ErrorCode::kConflict,
              fmt::format("slot {} has revision {} of {} at position {}, and this write is of "
                          "revision {}",
                          number_of(slot), (*found)[0].integer(0), (*found)[0].bytes(1),
                          (*found)[0].integer(2), revision));
}

}  // namespace gridloom::cluster
