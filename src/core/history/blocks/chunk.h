// A chunk: a stored piece of an hour. It is either a block, or rows of which no block was made yet.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/compressed_buffer.h"

namespace gridloom::history {

// Reads all rows: those of a block in its order, others in the order of arrival. Views are valid
// during the call. kMalformed: the chunk is damaged.
[[nodiscard]] Status each_row(std::string_view chunk, const Block::OnRow& on_row);

// Selects columns of rows: only these are unpacked.
struct Columns {
  std::function<bool(FieldId)> wanted{};  // empty: all
  bool names_only = false;                // read only which fields exist; `wanted` is not called
};
// In a block of selected columns, a row that had other fields has a number in this column: the
// device reported something.
inline constexpr FieldId kOtherColumns = std::numeric_limits<FieldId>::max() - 1;

// Reads a chunk as blocks. A block is passed on unchanged, with all its columns; rows become blocks
// of the selected columns and kOtherColumns; with names_only they become a block in which only
// fields() is correct. kMalformed: the chunk is damaged. An error of `on_block` ends the call.
using OnOneBlock = std::function<Status(const Block& block)>;
[[nodiscard]] Status each_block_of(std::string_view chunk, const Columns& columns,
                                   const OnOneBlock& on_block);

// Merges chunks of one device and span of time into one block, as if all their rows had been added
// to one writer, in this order. Several blocks if one cannot hold all rows; none if there are no
// rows. kMalformed: a chunk is damaged.
[[nodiscard]] Result<std::vector<std::string>> merge(std::span<const std::string_view> chunks,
                                                     Packing most = Packing::kZstd);

}  // namespace gridloom::history
