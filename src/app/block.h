// `gridloom block`: what a block of history holds, for people.
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

// Prints the block that the file holds; returns the exit status.
[[nodiscard]] int show_block(const std::filesystem::path& file, BlockView view);

// Its rows and span, and a line a column.
[[nodiscard]] std::string block_text(const history::Block& block);
// Each row as a line of JSON: {"at_ms":1,"fields":{"12":230.1}}. The view lives as long as the
// call.
[[nodiscard]] Status each_row_line(const history::Block& block,
                                   const std::function<void(std::string_view)>& on_line);

}  // namespace gridloom::app
