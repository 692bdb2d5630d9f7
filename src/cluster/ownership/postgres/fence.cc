#include "ownership/postgres/fence.h"

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
    "SELECT set_config('idle_in_transaction_session_timeout', $3, true) FROM {} "
    "WHERE slot = $1 AND revision = $2 FOR SHARE";
constexpr std::string_view kMove =
    "UPDATE {} SET position = $4 WHERE slot = $1 AND revision = $2 AND position = $3 "
    "AND position {} $4 RETURNING set_config('idle_in_transaction_session_timeout', $5, true)";
constexpr std::string_view kRow =
    "SELECT revision, coalesce(owner, 'nobody'), position FROM {} WHERE slot = $1";

std::string table_in(std::string_view schema) {
  return schema.empty() ? "cluster_slot" : fmt::format("{}.cluster_slot", schema);
}
std::int16_t key_of(Slot slot) { return static_cast<std::int16_t>(number_of(slot)); }
std::string longest_idle() { return std::to_string(Fence::kLongestIdle.count()); }

}  // namespace

Fence::Fence(std::string_view schema)
    : hold_(fmt::format(kHold, table_in(schema))),
      move_(fmt::format(kMove, table_in(schema), "<")),
      move_back_(fmt::format(kMove, table_in(schema), ">")),
      row_(fmt::format(kRow, table_in(schema))) {}

Status Fence::check(Connection& connection, Slot slot, Revision revision) {
  GL_TRY(const Rows rows, connection.query(hold_, key_of(slot), revision, longest_idle()));
  if (rows.empty()) return refuse(connection, slot, revision);
  return {};
}

Status Fence::check_and_move(Connection& connection, Slot slot, Revision revision,
                             const Move& move) {
  return this->move(connection, move_, slot, revision, move);
}

Status Fence::check_and_move_back(Connection& connection, Slot slot, Revision revision,
                                  const Move& move) {
  return this->move(connection, move_back_, slot, revision, move);
}

Status Fence::move(Connection& connection, const std::string& sql, Slot slot, Revision revision,
                   const Move& move) {
  GL_TRY(const Rows rows,
         connection.query(sql, key_of(slot), revision, move.from, move.to, longest_idle()));
  if (rows.empty()) return refuse(connection, slot, revision);
  return {};
}

std::unexpected<Error> Fence::refuse(Connection& connection, Slot slot, Revision revision) {
  ++refused_;
  GL_TRY(const Rows found, connection.query(row_, key_of(slot)));
  if (found.empty()) {
    return fail(ErrorCode::kConflict, fmt::format("the cluster has no slot {}", number_of(slot)));
  }
  return fail(ErrorCode::kConflict,
              fmt::format("slot {} has revision {} of {} at position {}, and this write is of "
                          "revision {}",
                          number_of(slot), found[0].integer(0), found[0].bytes(1),
                          found[0].integer(2), revision));
}

}  // namespace gridloom::cluster
