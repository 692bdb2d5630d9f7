// What the store keeps of an hour, in parts: a block, or rows of which none was made yet.
#pragma once

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

// Parts of one device and span of time as one block, as if all their rows had been added to one
// writer, in this order; several, if one cannot hold them all; none, if there are no rows.
// kMalformed: a part is damaged.
[[nodiscard]] Result<std::vector<std::string>> merge(std::span<const std::string_view> parts,
                                                     Packing most = Packing::kZstd);

}  // namespace gridloom::history
