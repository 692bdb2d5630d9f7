// `gridloom block` and `gridloom segment`: print files of a server. tidy: allowed, for tests
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/blocks/block.h"
#include "journal/local/log.h"
#include "wire/json.h"

namespace gridloom::app {

// ---- blocks of history, and rows that are still to become a block

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

// ---- segments of the log

// Describes a record beyond its size: the entry itself for an audit record; the number of rows and
// devices for reports.
[[nodiscard]] std::string content_of(const journal::Record& record);

// Prints one line per record, and one per stretch of bytes that is not a record; returns 1 if there
// were such stretches, or if the file is not a segment.
[[nodiscard]] int show_segment(const std::filesystem::path& file, bool json);

}  // namespace gridloom::app
