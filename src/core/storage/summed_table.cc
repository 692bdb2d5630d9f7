#include "storage/summed_table.h"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "base/printable.h"

namespace gridloom::storage {
namespace {

constexpr std::string_view kBetween = ", ";

std::vector<std::string_view> split(std::string_view columns) {
  std::vector<std::string_view> each;
  while (true) {
    const std::size_t end = columns.find(kBetween);
    each.push_back(columns.substr(0, end));
    if (end == std::string_view::npos) return each;
    columns.remove_prefix(end + kBetween.size());
  }
}

// Makes a text printable: a damaged text may contain any bytes and be long.
std::string shown(std::string_view bytes) {
  constexpr std::size_t kMax = 100;
  return printable(bytes.substr(0, kMax));
}

}  // namespace

std::string with_prefix(std::string_view columns, std::string_view prefix) {
  std::string all;
  for (const std::string_view column : split(columns)) {
    fmt::format_to(std::back_inserter(all), "{}{}{}", all.empty() ? "" : kBetween, prefix, column);
  }
  return all;
}

std::string checksum_of(const SummedTable& table, std::string_view prefix) {
  return fmt::format("row_checksum({}, {})", table.number, with_prefix(table.columns, prefix));
}

std::string checksum_column(const SummedTable& table) {
  return fmt::format("ALTER TABLE {} ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;\n",
                     table.name);
}

std::string fill_checksums(const SummedTable& table) {
  return fmt::format("UPDATE {} SET checksum = {};\n", table.name, checksum_of(table));
}

Status each_row_sum(Database& database, const SummedTable& table,
                    const std::function<void(const RowSum& row)>& on_row) {
  const std::vector<std::string_view> keys = split(table.key);
  const std::string sql = fmt::format("SELECT rowid, checksum, {}, {} FROM {} NOT INDEXED",
                                      checksum_of(table), table.key, table.name);
  return database.each_row(sql, [&](const Statement& row) {
    RowSum sum{.rowid = row.integer(0),
               .place = fmt::format("table {}", table.name),
               .checksum = row.integer(1),
               .good = row.integer(1) == row.integer(2)};
    if (!sum.good) {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        fmt::format_to(std::back_inserter(sum.place), ", {} {}", keys[i],
                       shown(row.bytes(static_cast<int>(i) + 3)));
      }
    }
    on_row(sum);
    return Status();
  });
}

}  // namespace gridloom::storage
