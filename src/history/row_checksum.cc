#include "history/row_checksum.h"

#include <xxhash.h>

#include <bit>
#include <string>
#include <utility>

#include "history/bytes.h"

namespace gridloom::history {

std::string_view name_of(RowTable table) {
  switch (table) {
    case RowTable::kName:
      return "name";
    case RowTable::kBlock:
      return "block";
    case RowTable::kEnergy:
      return "energy";
    case RowTable::kQuarter:
      return "quarter";
    case RowTable::kTwin:
      return "twin";
    case RowTable::kAudit:
      return "audit";
    case RowTable::kApplied:
      return "applied";
    case RowTable::kRunningDay:
      return "running_day";
  }
  return {};
}

std::int64_t row_checksum(RowTable table, std::initializer_list<std::int64_t> keys,
                          std::string_view content) {
  std::string head(1, static_cast<char>(std::to_underlying(table)));
  for (const std::int64_t key : keys) append_fixed64(head, static_cast<std::uint64_t>(key));
  const std::uint64_t seed = XXH3_64bits(head.data(), head.size());
  return std::bit_cast<std::int64_t>(XXH3_64bits_withSeed(content.data(), content.size(), seed));
}

std::int64_t twin_checksum(std::int64_t device, std::string_view sn, std::string_view state) {
  return row_checksum(RowTable::kTwin, {device, static_cast<std::int64_t>(sn.size())},
                      std::string(sn) + std::string(state));
}

}  // namespace gridloom::history
