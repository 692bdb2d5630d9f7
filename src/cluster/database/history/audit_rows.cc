#include "database/history/audit_rows.h"

#include <boost/json.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace gridloom::history {
namespace {

using postgres::Bytes;
using postgres::Connection;
using postgres::Row;

constexpr std::int64_t kAtOnce = 256;
constexpr std::int64_t kEarliest_ms = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLatest_ms = std::numeric_limits<std::int64_t>::max();

struct Read {
  std::int64_t at_ms = 0;
  bool is_json = false;  // that PostgreSQL's jsonb takes
};

// The time that retention goes by.
Read read(std::string_view entry) {
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(entry, error);
  if (error) return {.at_ms = kLatest_ms};
  // jsonb has no NUL.
  const bool is_json = !entry.contains("\\u0000");
  const auto with = [is_json](std::int64_t at_ms) {
    return Read{.at_ms = at_ms, .is_json = is_json};
  };
  const auto* object = json.if_object();
  const auto* at = object == nullptr ? nullptr : object->if_contains("at");
  if (at == nullptr || at->is_null()) return with(kEarliest_ms);
  if (at->is_int64()) return with(at->as_int64());
  if (at->is_double() && std::abs(at->as_double()) < 9e18) {
    return with(static_cast<std::int64_t>(std::floor(at->as_double())));
  }
  return with(kLatest_ms);
}

}  // namespace

Status put_audit(Connection& connection, const std::vector<AuditRow>& entries) {
  std::map<std::uint64_t, const AuditRow*> first;
  for (const AuditRow& each : entries) first.try_emplace(each.sequence, &each);
  if (first.empty()) return {};
  std::vector<std::int64_t> sequences;
  std::vector<std::int64_t> times;
  std::vector<std::int32_t> are_json;
  std::vector<Bytes> texts;
  for (const auto& [sequence, row] : first) {
    const Read known = read(row->entry);
    sequences.push_back(static_cast<std::int64_t>(sequence));
    times.push_back(known.at_ms);
    are_json.push_back(known.is_json ? 1 : 0);
    texts.push_back({row->entry});
  }
  const auto put = connection.execute(
      "INSERT INTO audit_entry SELECT sequence, at_ms, is_json <> 0, entry "
      "FROM unnest($1, $2, $3, $4) AS of (sequence, at_ms, is_json, entry) "
      "ON CONFLICT (sequence) DO NOTHING",
      std::span<const std::int64_t>(sequences), std::span<const std::int64_t>(times),
      std::span<const std::int32_t>(are_json), std::span<const Bytes>(texts));
  return put ? Status() : std::unexpected(put.error());
}

Status read_audit(StoreConnection& connection, const StoreReader::OnAudit& on_entry) {
  std::int64_t before = kLatest_ms;
  while (true) {
    GL_TRY(const auto rows,
           connection.query("SELECT sequence, entry FROM audit_entry WHERE sequence < $1 "
                            "ORDER BY sequence DESC LIMIT $2",
                            before, kAtOnce));
    for (const Row row : rows) {
      before = row.integer(0);
      if (!on_entry({.sequence = static_cast<std::uint64_t>(before),
                     .entry = std::string(row.bytes(1))})) {
        return {};
      }
    }
    if (rows.size() < static_cast<std::size_t>(kAtOnce)) return {};
  }
}

Result<std::size_t> remove_old_audit(StoreConnection& connection, std::int64_t before_ms,
                                     std::size_t most) {
  GL_TRY(
      const auto rows,
      connection.query(
          "WITH oldest AS (SELECT sequence, at_ms FROM audit_entry ORDER BY sequence LIMIT $2) "
          "DELETE FROM audit_entry WHERE sequence IN (SELECT sequence FROM oldest) AND sequence < "
          "coalesce((SELECT min(sequence) FROM oldest WHERE at_ms >= $1), 9223372036854775807)",
          before_ms, static_cast<std::int64_t>(most)));
  return static_cast<std::size_t>(rows.changed());
}

}  // namespace gridloom::history
