// What stands in front of a block's columns: where each is, and what is known of it without
// reading it; and the checksum behind them. Written by BlockWriter, read by Block; nothing of it
// is trusted.
//
// What follows from something else is not written: a bitmap's size from the rows, the sum of a
// column that never changes from its value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/block.h"
#include "history/column.h"
#include "history/piece.h"

namespace gridloom::history {

// So many rows times columns are not read, nor written, in one block.
inline constexpr std::uint64_t kMostSamples = std::uint64_t{1} << 24U;

// Where bytes of the block are.
struct Place {
  std::size_t begin = 0;
  std::size_t size = 0;
  Packing packing = Packing::kRaw;
};

// Rows that have a value: columns whose rows are the same share one. The one of all rows is not
// written.
struct Presence {
  std::uint64_t count = 0;
  std::int64_t first_at_ms = 0;
  std::int64_t last_at_ms = 0;
  PresenceForm form = PresenceForm::kBits;
  std::size_t begin = 0;  // in the presence piece
  std::size_t size = 0;
};

// Of a column with one scale, in units of it.
struct ExactStatistics {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t last = 0;
  Wide sum = 0;
  Wide integral = 0;
};

struct Column {
  enum class Kind : std::uint8_t { kNumbers = 0, kTexts = 1 };

  FieldId field = 0;
  Kind kind = Kind::kNumbers;
  std::uint8_t scale = 0;    // or Numbers::kLoose
  std::size_t presence = 0;  // in presences
  Place place{};
  ExactStatistics exact{};  // of numbers with one scale
  Statistics loose{};       // of other numbers: count and times stand elsewhere

  // Then nothing but the header says it.
  [[nodiscard]] bool constant() const {
    return kind == Kind::kNumbers && scale != Numbers::kLoose && exact.min == exact.max;
  }
};

struct Layout {
  std::uint64_t rows = 0;
  std::int64_t first_at_ms = 0;
  std::int64_t last_at_ms = 0;
  std::vector<Presence> presences;  // [0] is all rows
  std::vector<Column> columns;      // ascending by field, numbers before texts
  Place times;
  Place presence;
};

// The last bytes of a block: a checksum of all that is in front of them. Where one column is read
// the whole block came from the disk anyhow, and to check it takes a microsecond; a checksum for
// each column would be a part of its size that one notices.
inline constexpr std::size_t kCheck_bytes = 8;
void append_check(std::string& bytes);
[[nodiscard]] bool has_check(std::string_view bytes);

// Everything up to the first place; columns' places begin there, in the order times, presence,
// columns.
void append_layout(std::string& out, const Layout& layout);
// kMalformed: also if the checksum is not right. The places lie in `bytes`, and fill it up to the
// checksum.
[[nodiscard]] Result<Layout> read_layout(std::string_view bytes);

}  // namespace gridloom::history
