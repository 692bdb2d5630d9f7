// `gridloom block`: what a block of history holds, or rows that are to become one, for people.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/block.h"

namespace gridloom::app {

enum class BlockView : std::uint8_t { kColumns, kRows };

// Prints what the file holds; returns the exit status.
[[nodiscard]] int show_block(const std::filesystem::path& file, BlockView view);

// Its rows and span, and a line a column.
[[nodiscard]] std::string block_text(const history::Block& block);
// Each row of a part (history/part.h) as a line of JSON: {"at_ms":1,"fields":{"12":230.1}}. The
// view lives as long as the call.
[[nodiscard]] Status each_row_line(std::string_view part,
                                   const std::function<void(std::string_view)>& on_line);

}  // namespace gridloom::app
