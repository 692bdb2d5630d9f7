// The findings of a check of everything in history's storage, for `gridloom check`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace gridloom::history {

struct StoreCheck {
  std::uint64_t rows = 0;
  std::uint64_t blocks = 0;                // chunks of hours among the rows
  std::optional<std::uint64_t> applied{};  // as Store::applied(), if that can be known
  std::uint64_t some_applied = 0;          // the last record of which any rows are here
  std::vector<std::string> damages{};      // of rows, for people; at most kMaxDamages
  std::uint64_t damaged = 0;               // number of all damages of rows
  std::vector<std::string> structure{};    // damages of what holds the rows (pages, indexes)
  std::string unread{};                    // why the disk did not give some of it, if so
  std::optional<Error> failed{};           // why the rows were not checked, if so

  static constexpr std::size_t kMaxDamages = 20;
};

}  // namespace gridloom::history
