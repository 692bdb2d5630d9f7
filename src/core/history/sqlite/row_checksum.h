// Checksums of the rows of history.db: each row has one over its key and its content, so that a
// flipped bit in either is detected as damage. A row whose flipped key points to another device,
// hour or field fails as well.
//
// docs/internals/formats.md shows the bytes. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "history/store/store.h"

namespace gridloom::history {

// The numbers are part of the checksum: they never change.
enum class RowTable : std::uint8_t {
  kName = 1,
  kBlock = 2,
  kEnergy = 3,
  kQuarter = 4,
  kTwin = 5,
  kAudit = 6,
  kApplied = 7,
  kRunningDay = 8,
  kTaken = 9,
  kEvent = 10,
};

// The table's name in the database.
[[nodiscard]] std::string_view name_of(RowTable table);

// The checksum described in base/row_checksum.h.
[[nodiscard]] std::int64_t row_checksum(RowTable table, std::initializer_list<std::int64_t> keys,
                                        std::string_view content);

// The checksum of a row of `twin`, whose content is two texts.
[[nodiscard]] std::int64_t twin_checksum(std::int64_t device, std::string_view sn,
                                         std::string_view state);

// The checksum of a row of `event`. Open: a fault that has not ended.
enum class FaultState : std::uint8_t { kClosed = 0, kOpen = 1 };
[[nodiscard]] std::int64_t event_checksum(const StoredEvent& stored, FaultState state);

}  // namespace gridloom::history
