// What the store keeps of an hour, in parts: a block, or rows of which none was made yet.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/block.h"
#include "history/piece.h"

namespace gridloom::history {

// All rows: of a block as it says them, of others as they came. Views live as long as the call.
// kMalformed: the part is damaged.
[[nodiscard]] Status each_row(std::string_view part, const Block::OnRow& on_row);

// Which columns of rows are wanted: only these are unpacked.
struct Columns {
  std::function<bool(FieldId)> wanted{};  // empty: all
  bool names_only = false;                // only which fields there are; then `wanted` is not asked
};
// In a block of wanted columns, a row that said more has a number in this column: so it is known
// that the device said something, and that two rows of one time are not the same.
inline constexpr FieldId kOtherColumns = std::numeric_limits<FieldId>::max() - 1;

// A part as blocks: a block as it is, with all its columns; rows as blocks of the wanted columns
// and kOtherColumns; for names_only as a block whose fields() are right, and nothing else.
// kMalformed: the part is damaged. `on_block`'s fault ends it.
using OnOneBlock = std::function<Status(const Block& block)>;
[[nodiscard]] Status each_block_of(std::string_view part, const Columns& columns,
                                   const OnOneBlock& on_block);

// Parts of one device and span of time as one block, as if all their rows had been added to one
// writer, in this order; several, if one cannot hold them all; none, if there are no rows.
// kMalformed: a part is damaged.
[[nodiscard]] Result<std::vector<std::string>> merge(std::span<const std::string_view> parts,
                                                     Packing most = Packing::kZstd);

}  // namespace gridloom::history
