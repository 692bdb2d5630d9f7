#include "transfer/rows.h"

#include <algorithm>
#include <cstring>

#include "base/digest.h"

namespace gridloom::transfer {
namespace {

constexpr char kNumber = 'n';
constexpr char kBytes = 'b';

void append(std::string& bytes, std::int64_t number) {
  std::string raw(sizeof number, '\0');
  std::memcpy(raw.data(), &number, sizeof number);
  bytes += raw;
}

bool take(std::string_view& bytes, std::int64_t& number) {
  if (bytes.size() < sizeof number) return false;
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return true;
}

}  // namespace

std::string encoded(const Row& row, std::size_t columns) {
  std::string bytes;
  for (std::size_t i = 0; i < std::min(columns, row.size()); ++i) {
    if (const auto* const number = std::get_if<std::int64_t>(&row[i])) {
      bytes.push_back(kNumber);
      append(bytes, *number);
      continue;
    }
    const auto& text = std::get<std::string>(row[i]);
    bytes.push_back(kBytes);
    append(bytes, static_cast<std::int64_t>(text.size()));
    bytes += text;
  }
  return bytes;
}

Row decoded(std::string_view bytes) {
  Row row;
  while (!bytes.empty()) {
    const char kind = bytes.front();
    bytes.remove_prefix(1);
    std::int64_t number = 0;
    if (!take(bytes, number)) return {};
    if (kind == kNumber) {
      row.emplace_back(number);
      continue;
    }
    if (number < 0 || static_cast<std::uint64_t>(number) > bytes.size()) return {};
    row.emplace_back(std::string(bytes.substr(0, static_cast<std::size_t>(number))));
    bytes.remove_prefix(static_cast<std::size_t>(number));
  }
  return row;
}

void Sum::add(const Table& table, const Row& row) {
  const std::string bytes = encoded(row, table.columns - table.carried);
  ++rows;
  checksum += static_cast<std::uint64_t>(row_checksum(0, {}, bytes));
}

}  // namespace gridloom::transfer
