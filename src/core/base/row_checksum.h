// The checksum of a database row, over its table, its key and its content: a flipped bit in any of
// them is detected as damage, and so is a row that moved to another key.
//
// The bytes are part of file formats (docs/internals/formats.md): they never change. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace gridloom {

// XXH3-64 of `content`; its seed is the XXH3-64 of the table's number and the keys. As a signed
// number, because SQLite's integers are.
[[nodiscard]] std::int64_t row_checksum(std::uint8_t table,
                                        std::initializer_list<std::int64_t> keys,
                                        std::string_view content);

}  // namespace gridloom
