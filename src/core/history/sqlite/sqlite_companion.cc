#include "history/sqlite/sqlite_companion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "storage/wal.h"

namespace gridloom::history {
namespace {

// SQLite reuses free pages; a few of them are no reason to move others.
constexpr std::int64_t kFewPages = 256;
constexpr std::int64_t kPartOfFile = 8;
constexpr int kPagesAtOnce = 32;
constexpr std::int64_t kIncremental = 2;  // of PRAGMA auto_vacuum

}  // namespace

Result<bool> SqliteCompanion::with_little_space(const RetentionStore::Work& work) {
  storage::empty_wal(database_);
  GL_TRY(const auto usual, database_.integer("PRAGMA secure_delete"));
  GL_TRY(database_.run("PRAGMA secure_delete = fast"));
  auto result = work();
  GL_TRY(database_.run(fmt::format("PRAGMA secure_delete = {}", usual)));
  return result;
}

Result<bool> SqliteCompanion::return_space() {
  GL_TRY(const auto kind, database_.integer("PRAGMA auto_vacuum"));
  if (kind != kIncremental) return false;
  GL_TRY(const auto free, database_.integer("PRAGMA freelist_count"));
  GL_TRY(const auto all, database_.integer("PRAGMA page_count"));
  if (free <= std::max(kFewPages, all / kPartOfFile)) {
    // The file becomes smaller when the write-ahead log is emptied into it.
    if (std::exchange(has_returned_space_, false)) storage::empty_wal(database_);
    return false;
  }
  GL_TRY(database_.run(fmt::format("PRAGMA incremental_vacuum({})", kPagesAtOnce)));
  has_returned_space_ = true;
  return true;
}

}  // namespace gridloom::history
