#include "storage/empty_wal.h"

#include <fmt/format.h>

namespace gridloom::storage {
namespace {

constexpr int kPatience_ms = 50;

}  // namespace

void empty_wal(Database& database) {
  const auto usual_ms = database.integer("PRAGMA busy_timeout");
  if (!usual_ms) return;
  static_cast<void>(database.run(
      fmt::format("PRAGMA busy_timeout = {}; PRAGMA wal_checkpoint(truncate)", kPatience_ms)));
  static_cast<void>(database.run(fmt::format("PRAGMA busy_timeout = {}", *usual_ms)));
}

}  // namespace gridloom::storage
