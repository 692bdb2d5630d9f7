// The header of a block, and its checksum. The header lists the place of each column and the facts
// that are known without reading the column. Written by BlockWriter, read by Block, which trusts
// none of it.
//
// Derivable values are not written: the size of a bitmap follows from the rows, the sum of a column
// that never changes from its value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/column.h"
#include "history/blocks/compressed_buffer.h"

namespace gridloom::history {

// Maximum of rows times columns in one block, for reading and for writing.
inline constexpr std::uint64_t kMaxSamples = std::uint64_t{1} << 24U;

// Location of bytes in the block.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t size = 0;
  Packing packing = Packing::kRaw;
};

// The rows that have a value. Columns with the same rows share one Presence. The Presence of all
// rows is not written.
struct Presence {
  std::uint64_t count = 0;
  std::int64_t first_at_ms = 0;
  std::int64_t last_at_ms = 0;
  PresenceForm form = PresenceForm::kBits;
  std::size_t begin = 0;  // in the presence buffer
  std::size_t size = 0;
};

// Statistics of a column with one scale, in units of that scale.
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
  std::size_t presence = 0;  // index in presences
  ByteRange place{};
  ExactStatistics exact{};  // of numbers with one scale
  Statistics loose{};       // of other numbers; count and times are in Presence

  // The values are then stored only in the header.
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
  ByteRange times;
  ByteRange presence;
};

// The last bytes of a block: a checksum of everything before them. The whole block is read from
// disk even for one column, and checking it takes a microsecond; a checksum for each column would
// add noticeably to its size.
inline constexpr std::size_t kCheck_bytes = 8;
void append_check(std::string& bytes);
[[nodiscard]] bool has_check(std::string_view bytes);

// Writes everything up to the first place. The places begin after the layout, in the order times,
// presence, columns.
void append_layout(std::string& out, const Layout& layout);
// kMalformed: also if the checksum is wrong. The places lie within `bytes` and fill them up to the
// checksum.
[[nodiscard]] Result<Layout> read_layout(std::string_view bytes);

}  // namespace gridloom::history
