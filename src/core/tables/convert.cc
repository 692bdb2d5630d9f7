#include "tables/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "storage/files.h"
#include "storage/wal.h"
#include "tables/side.h"
#include "tables/sqlite_connection.h"
#include "transfer/copy.h"

namespace gridloom::tables {
namespace {

namespace fs = std::filesystem;
using storage::Database;

fs::path with_end(const fs::path& file, std::string_view end) { return file.string().append(end); }
fs::path new_one(const fs::path& file) { return with_end(file, ".new"); }
fs::path earlier(const fs::path& file) { return with_end(file, kEarlier); }

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::uintmax_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

Status move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return {};
  return fail(ErrorCode::kIo, fmt::format("cannot rename {} to {}: {}", from.string(), to.string(),
                                          error.message()));
}

Status check_room(const fs::path& file) {
  const std::uintmax_t bytes = size_of(file) + size_of(with_end(file, "-wal"));
  const std::uintmax_t there = size_of(new_one(file));
  const std::uintmax_t missing = bytes > there ? bytes - there : 0;
  std::error_code error;
  const fs::space_info space = fs::space(file.parent_path(), error);
  if (error || missing <= space.available) return {};
  return fail(ErrorCode::kIo,
              fmt::format("{} is of an earlier version of Gridloom, and is copied into a file of "
                          "this one: {} bytes have to be free in its folder, and {} are",
                          file.string(), missing, space.available));
}

class Rows final : public transfer::Source {
 public:
  Rows(Database& database, std::span<const EarlierRows> all)
      : database_(database), all_(all.begin(), all.end()) {}

  [[nodiscard]] std::vector<transfer::Table> tables() const override {
    std::vector<transfer::Table> list;
    list.reserve(all_.size());
    for (const EarlierRows& each : all_) list.push_back(copied(*each.table));
    return list;
  }
  [[nodiscard]] Status each_row(const transfer::Table& table, const transfer::Span& span,
                                const OnRow& on_row) override {
    const EarlierRows& rows = *std::ranges::find_if(
        all_, [&table](const EarlierRows& each) { return title_of(*each.table) == table.name; });
    if (!rows.needs.empty()) {
      GL_TRY(const auto has_table,
             database_.integer(
                 fmt::format("SELECT count(*) FROM sqlite_schema WHERE name = '{}'", rows.needs)));
      if (has_table == 0) return {};
    }
    const SpanOfKeys keys(*rows.table, span, keys_of(*rows.table));
    GL_TRY(auto statement,
           database_.prepare(fmt::format("SELECT * FROM ({}) {}", rows.sql, keys.sql())));
    for (const Value& value : keys.parameters()) {
      if (const auto* const number = std::get_if<std::int64_t>(&value)) {
        statement.bind(*number);
      } else {
        statement.bind(bytes_of(value));
      }
    }
    while (true) {
      GL_TRY(const bool is_row, statement.step());
      if (!is_row) return {};
      transfer::Row row;
      for (const Column& column : rows.table->columns) {
        const auto at = static_cast<int>(row.size());
        if (is_number(column.type)) {
          row.emplace_back(statement.integer(at));
        } else {
          row.emplace_back(std::string(statement.bytes(at)));
        }
      }
      const auto checksum = static_cast<int>(row.size());
      const bool is_checked = rows.checksum != nullptr && !statement.is_null(checksum);
      if (is_checked && statement.integer(checksum) != rows.checksum(row)) {
        ++damaged_;
        continue;
      }
      if (rows.change != nullptr) rows.change(row);
      GL_TRY(const bool goes_on, on_row(std::move(row)));
      if (!goes_on) return {};
    }
  }
  [[nodiscard]] std::uint64_t damaged() const override { return damaged_; }

 private:
  Database& database_;
  const std::vector<EarlierRows> all_;
  std::uint64_t damaged_ = 0;
};

// Copies all rows into a file beside it; returns how many were damaged.
Result<std::uint64_t> copy_rows(const Conversion& conversion, Database& database) {
  GL_TRY(const auto from, conversion.open(database));
  GL_TRY(check_room(conversion.file));
  const fs::path made = new_one(conversion.file);
  GL_TRY(storage::make_private(made));
  GL_TRY(auto opened, Database::open(made));
  GL_TRY(const auto format, format_of(opened));
  if (format == 0) {
    GL_TRY(opened.run(std::string(conversion.before)));
  }
  SqliteTableConnection connection(std::move(opened));
  GL_TRY(make_tables(connection, conversion.schema));
  GL_TRY(keep_sums(connection, conversion.schema));
  const auto to = conversion.side ? conversion.side(connection)
                                  : std::make_unique<Side>(connection, conversion.schema);
  std::uint64_t done = 0;
  const auto on_span = [&](const transfer::Table&, std::uint64_t, std::uint64_t bytes) {
    done += bytes;
    if (conversion.on_progress) conversion.on_progress(done);
    return Status();
  };
  GL_TRY(const auto compared, transfer::copy(*from, *to, {.on_span = on_span}));
  for (const transfer::Compared& each : compared) {
    if (each.from == each.to) continue;
    return fail(ErrorCode::kDamaged,
                fmt::format("{} rows of the {} in {} could not be copied: {} are in its copy",
                            each.from.rows, each.table, conversion.file.string(), each.to.rows));
  }
  GL_TRY(to->end());
  return from->damaged();
}

}  // namespace

std::unique_ptr<transfer::Source> read_earlier(Database& database,
                                               std::span<const EarlierRows> all) {
  return std::make_unique<Rows>(database, all);
}

Result<Converted> convert(const Conversion& conversion) {
  Converted converted{.is_done = true};
  {
    GL_TRY(auto database, Database::open(conversion.file));
    GL_TRY(const auto found, format_of(database));
    if (found == 0 || found >= kFirstFormat) return Converted();
    GL_TRY(const auto damaged, copy_rows(conversion, database));
    converted.damaged = damaged;
    storage::empty_wal(database);
  }
  GL_TRY(move(conversion.file, earlier(conversion.file)));
  GL_TRY(end_conversion(conversion.file));
  return converted;
}

Status end_conversion(const fs::path& file) {
  if (is_there(file) || !is_there(earlier(file)) || !is_there(new_one(file))) return {};
  return move(new_one(file), file);
}

}  // namespace gridloom::tables
