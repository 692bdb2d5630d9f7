// `gridloom block`: prints a block of history, or rows that are still to become a block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/blocks/block.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// As add_bench().
[[nodiscard]] std::shared_ptr<void> add_block(CLI::App& app, std::function<int()>& chosen);

enum class BlockView : std::uint8_t { kColumns, kColumnsAsJson, kRows };

// Prints the contents of the file; returns the exit status.
[[nodiscard]] int show_block(const std::filesystem::path& file, BlockView view);

// The block's number of rows and time span, then one line per column.
[[nodiscard]] std::string block_text(const history::Block& block);
// The same as JSON.
[[nodiscard]] wire::JsonObject block_json(const history::Block& block);
// Formats each row of a chunk (history/blocks/chunk.h) as a line of JSON:
// {"at_ms":1,"fields":{"12":230.1}}. The view passed to `on_line` is valid during the call.
[[nodiscard]] Status each_row_line(std::string_view part,
                                   const std::function<void(std::string_view)>& on_line);

}  // namespace gridloom::app
