#include "ownership/postgres/shared_state.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "postgres/connection.h"
#include "postgres/rows.h"

namespace gridloom::cluster {
namespace {

constexpr std::string_view kJoin =
    "INSERT INTO cluster_node (node, incarnation) VALUES ($1, $2) "
    "ON CONFLICT (node) DO UPDATE SET incarnation = EXCLUDED.incarnation";
constexpr std::string_view kLeave = "DELETE FROM cluster_node WHERE node = $1 AND incarnation = $2";
constexpr std::string_view kRemove = "DELETE FROM cluster_node WHERE node = $1";
constexpr std::string_view kMembers = "SELECT node FROM cluster_node ORDER BY node";
constexpr std::string_view kAdd =
    "INSERT INTO cluster_damage (place, note, line) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
constexpr std::string_view kNotes =
    "SELECT place, line FROM cluster_damage ORDER BY line, place LIMIT $1";
constexpr std::string_view kRemoveNotes = "DELETE FROM cluster_damage";

}  // namespace

SharedState::SharedState(const postgres::ConnectionSettings& settings, const Clock& clock)
    : pool_(settings, {.job = "shared state", .most = 2, .clock = clock}) {}

template <typename... Values>
Result<std::int64_t> SharedState::execute(std::string_view sql, const Values&... values) {
  GL_TRY(auto lease, pool_.acquire());
  GL_TRY(const auto changed, lease->execute(sql, values...));
  return static_cast<std::int64_t>(changed);
}

Status SharedState::join(const NodeId& node) {
  const auto done = execute(kJoin, node.name, node.incarnation);
  return done ? Status() : std::unexpected(done.error());
}

Status SharedState::leave(const NodeId& node) {
  const auto done = execute(kLeave, node.name, node.incarnation);
  return done ? Status() : std::unexpected(done.error());
}

Status SharedState::remove(const std::string& node) {
  GL_TRY(const auto removed, execute(kRemove, node));
  if (removed != 0) return {};
  return fail(ErrorCode::kNotFound, fmt::format("{} is no node of the cluster", node));
}

Result<SharedState::Seen> SharedState::read() {
  GL_TRY(auto lease, pool_.acquire());
  GL_TRY(const postgres::Rows members, lease->query(kMembers));
  GL_TRY(const postgres::Rows notes, lease->query(kNotes, std::int64_t{kMostNotes}));
  Seen seen;
  for (const postgres::Row row : members) seen.members.emplace_back(row.bytes(0));
  for (const postgres::Row row : notes) {
    seen.notes.push_back({.place = std::string(row.bytes(0)), .line = std::string(row.bytes(1))});
  }
  return seen;
}

Status SharedState::add(const std::vector<SharedNote>& notes) {
  for (const SharedNote& note : notes) {
    GL_TRY(execute(kAdd, note.place, note.key, note.line));
  }
  return {};
}

Status SharedState::remove_notes() {
  const auto done = execute(kRemoveNotes);
  return done ? Status() : std::unexpected(done.error());
}

}  // namespace gridloom::cluster
