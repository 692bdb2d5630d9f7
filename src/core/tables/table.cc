#include "tables/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "base/digest.h"

namespace gridloom::tables {
namespace {

// As SQLite numbers its types: its function of the same checksum sees these alone
// (storage/sqlite.cc).
constexpr char kInteger = 1;
constexpr char kTextType = 3;
constexpr char kBlob = 4;
constexpr char kNull = 5;

constexpr std::size_t kHeadBytes = 9;  // of a value: its type, and a number

void append_number(std::string& content, std::uint64_t number) {
  std::array<char, 8> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(number);
    number >>= 8U;
  }
  content.append(bytes.data(), bytes.size());
}

// Counts as NULL.
bool is_none(const Column& column, const Value& value) {
  const bool may_be = column.since != 0 || column.type == ColumnType::kNumberOrNone;
  return may_be && number_of(value) == 0 && bytes_of(value).empty();
}

void append(std::string& content, const Column& column, const Value& value) {
  if (is_none(column, value)) return content.push_back(kNull);
  if (is_number(column.type)) {
    content.push_back(kInteger);
    return append_number(content, static_cast<std::uint64_t>(number_of(value)));
  }
  const std::string_view bytes = bytes_of(value);
  content.push_back(column.type == ColumnType::kBytes ? kBlob : kTextType);
  append_number(content, bytes.size());
  content.append(bytes);
}

}  // namespace

std::string_view title_of(const Table& table) {
  return table.title.empty() ? table.name : table.title;
}

std::int64_t number_of(const Value& value) {
  const auto* const number = std::get_if<std::int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

std::string_view bytes_of(const Value& value) {
  if (const auto* const text = std::get_if<std::string_view>(&value)) return *text;
  if (const auto* const any = std::get_if<AnyText>(&value)) return any->bytes;
  const auto* const bytes = std::get_if<Bytes>(&value);
  return bytes == nullptr ? std::string_view() : bytes->bytes;
}

bool is_number(ColumnType type) {
  return type != ColumnType::kText && type != ColumnType::kAnyText && type != ColumnType::kBytes;
}

std::string names_of(const Table& table, std::size_t count, std::string_view prefix) {
  std::string list;
  for (const Column& column : table.columns.first(count)) {
    fmt::format_to(std::back_inserter(list), "{}{}{}", list.empty() ? "" : ", ", prefix,
                   column.name);
  }
  return list;
}

std::string names_of(const Table& table) { return names_of(table, table.columns.size()); }
std::string keys_of(const Table& table) { return names_of(table, table.keys); }

std::int64_t checksum_of(const Table& table, std::span<const Value> row) {
  std::size_t count = row.size();
  while (count > 0 && is_none(table.columns[count - 1], row[count - 1])) --count;
  std::size_t bytes = 0;
  for (const Value& value : row) bytes += kHeadBytes + bytes_of(value).size();
  std::string content;
  content.reserve(bytes);
  for (std::size_t i = 0; i < count; ++i) append(content, table.columns[i], row[i]);
  return row_checksum(static_cast<std::uint8_t>(table.number), {}, content);
}

}  // namespace gridloom::tables
