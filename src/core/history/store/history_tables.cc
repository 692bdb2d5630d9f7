#include "history/store/history_tables.h"

#include <sodium.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/partition.h"
#include "base/printable.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kEarliest_ms = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLatest_ms = std::numeric_limits<std::int64_t>::max();

std::int64_t number_by_chance() {
  std::int64_t number = 0;
  randombytes_buf(&number, sizeof number);
  return number;
}

bool is_json_value(std::string_view text) {
  boost::system::error_code error;
  static_cast<void>(boost::json::parse(text, error));
  return !error;
}

}  // namespace

std::string readable_name(std::span<const tables::Value> row) {
  const std::string_view name = tables::bytes_of(row[1]);
  return is_utf8(name) && !name.contains('\0') ? std::string(name) : printable(name);
}

// For PostgreSQL's jsonb, which has no NUL.
std::string is_json(std::span<const tables::Value> row) {
  const std::string_view entry = tables::bytes_of(row[2]);
  return !entry.contains("\\u0000") && is_json_value(entry) ? "1" : "";
}

std::int64_t time_of_entry(std::string_view entry) {
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(entry, error);
  if (error) return kLatest_ms;
  const auto* object = json.if_object();
  const auto* at = object == nullptr ? nullptr : object->if_contains("at");
  if (at == nullptr || at->is_null()) return kEarliest_ms;
  if (at->is_int64()) return at->as_int64();
  if (at->is_double() && std::abs(at->as_double()) < 9e18) {
    return static_cast<std::int64_t>(std::floor(at->as_double()));
  }
  return kLatest_ms;
}

Status put_first_history(tables::TableConnection& connection) {
  GL_TRY(connection.insert(kWriter, {1, 0, 0, number_by_chance()}));
  std::vector<tables::Row> parts;
  parts.reserve(kPartitions);
  for (std::int64_t p = 0; p < std::int64_t{kPartitions}; ++p) parts.push_back({p, 0});
  return connection.insert_all(kParts, parts);
}

Status forget_taken(tables::TableConnection& connection) {
  return connection.put(kTaken, tables::Row{kOfNoDevice.device, kOfNoDevice.hour, -1});
}

}  // namespace gridloom::history
