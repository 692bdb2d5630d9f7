#include "storage/sql_functions.h"

#include <sqlite3.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/row_checksum.h"

namespace gridloom::storage {
namespace {

void append_number(std::string& content, std::uint64_t number) {
  for (int byte = 0; byte < 8; ++byte, number >>= 8U) content.push_back(static_cast<char>(number));
}

// Each column starts with its type and length, so that bytes moved from one column to the next
// change the checksum.
void append_column(std::string& content, sqlite3_value* column) {
  const int kind = sqlite3_value_type(column);
  content.push_back(static_cast<char>(kind));
  if (kind == SQLITE_NULL) return;
  if (kind == SQLITE_INTEGER) {
    return append_number(content, static_cast<std::uint64_t>(sqlite3_value_int64(column)));
  }
  const void* const bytes =
      kind == SQLITE_BLOB ? sqlite3_value_blob(column) : sqlite3_value_text(column);
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(column));
  append_number(content, size);
  if (size != 0) content.append(static_cast<const char*>(bytes), size);
}

void row_checksum_function(sqlite3_context* context, int count, sqlite3_value** values) {
  const std::span all(values, static_cast<std::size_t>(count));
  if (all.empty()) {
    return sqlite3_result_error(context, "row_checksum() needs the number of a table", -1);
  }
  std::string content;
  for (sqlite3_value* column : all.subspan(1)) append_column(content, column);
  const auto table = static_cast<std::uint8_t>(sqlite3_value_int64(all.front()));
  sqlite3_result_int64(context, row_checksum(table, {}, content));
}

}  // namespace

int add_functions(sqlite3* connection) {
  return sqlite3_create_function_v2(connection, "row_checksum", -1,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
                                    row_checksum_function, nullptr, nullptr, nullptr);
}

}  // namespace gridloom::storage
