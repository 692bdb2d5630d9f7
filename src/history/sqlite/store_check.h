// Checks all of history.db for `gridloom check`: whether each row is still as it was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/sqlite.h"

namespace gridloom::history {

struct StoreCheck {
  std::uint64_t rows = 0;
  std::uint64_t blocks = 0;                // rows of the table block among them
  bool has_checksums = true;               // false: a file of version 1, whose rows have none
  std::optional<std::uint64_t> applied{};  // as SqliteStore::applied(), if that can be known
  std::uint64_t some_applied = 0;          // the last record of which any rows are here
  std::vector<std::string> damages{};      // descriptions for people; at most kMaxDamages
  std::uint64_t damaged = 0;               // number of all damages found
  std::string unread{};                    // why the disk did not give some of it, if so

  static constexpr std::size_t kMaxDamages = 20;
};
// Changes nothing. A page that is damaged counts as one damage; the rest of its table is skipped,
// as behind one that the disk does not give, and the check continues with the next table.
// kMalformed: the file is not a history.db, or of a later version.
[[nodiscard]] Result<StoreCheck> check_store(storage::Database& database);

}  // namespace gridloom::history
