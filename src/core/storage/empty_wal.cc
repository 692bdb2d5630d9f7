#include "storage/empty_wal.h"

#include <fmt/format.h>

namespace gridloom::storage {
namespace {

constexpr int kPatience_ms = 50;

}  // namespace

bool empty_wal(Database& database) {
  const auto usual_ms = database.integer("PRAGMA busy_timeout");
  if (!usual_ms) return false;
  static_cast<void>(database.run(fmt::format("PRAGMA busy_timeout = {}", kPatience_ms)));
  const auto busy = database.integer("PRAGMA wal_checkpoint(truncate)");
  static_cast<void>(database.run(fmt::format("PRAGMA busy_timeout = {}", *usual_ms)));
  return busy && *busy == 0;
}

}  // namespace gridloom::storage
