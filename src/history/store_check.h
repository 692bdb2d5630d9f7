// Looks through all of history.db, as `gridloom check` does: whether each row is what was written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/sqlite.h"

namespace gridloom::history {

struct StoreCheck {
  std::uint64_t rows = 0;
  std::uint64_t blocks = 0;                // of them
  bool has_checksums = true;               // false: a file of version 1, whose rows have none
  std::optional<std::uint64_t> applied{};  // as Store::applied(), if that can be known
  std::vector<std::string> damages{};      // where and what, for people; at most kMostDamages
  std::uint64_t damaged = 0;               // how many there are

  static constexpr std::size_t kMostDamages = 20;
};
// Changes nothing. A page that cannot be read is a damage like others; the table is left then, and
// the next one read. kMalformed: it is no history.db, or of a later version.
[[nodiscard]] Result<StoreCheck> check_store(registry::Database& database);

}  // namespace gridloom::history
