// The tables of the registry as they are copied from one store to another, in an order in which
// each row comes after those that it refers to. Secrets are copied as they are sealed, so both
// stores need the same key.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "transfer/rows.h"

namespace gridloom::registry {

enum class ColumnKind : std::uint8_t {
  kNumber,
  kNumberOrNone,
  kInt,
  kSmall,
  kFlag,
  kText,
  kSealed
};

struct TransferColumn {
  std::string_view name;
  ColumnKind kind = ColumnKind::kNumber;
};

struct TransferTable {
  transfer::Table table;
  std::string_view name;
  std::vector<TransferColumn> columns;
};

// registry, number: the one row's columns after its key.
inline constexpr transfer::Table kRevisionTable{.name = "revision", .columns = 3};
// The highest number that was given in each table. Its rows come last.
inline constexpr transfer::Table kNumbersTable{.name = "numbers", .columns = 2};

[[nodiscard]] std::vector<TransferTable> transfer_tables();

}  // namespace gridloom::registry
