#include "transfer/copy.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace gridloom::transfer {
namespace {

constexpr std::size_t kSpanBytes = std::size_t{1024} * 1024;
constexpr std::size_t kSpanRows = 20'000;

std::size_t size_of(const Row& row) {
  std::size_t bytes = 0;
  for (const Value& value : row) {
    const auto* const text = std::get_if<std::string>(&value);
    bytes += sizeof(std::int64_t) + (text == nullptr ? 0 : text->size());
  }
  return bytes;
}

bool are_same(const Row& a, const Row& b, std::size_t columns) {
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(columns), b.begin());
}

struct Batch {
  std::vector<Row> rows;
  std::size_t bytes = 0;
  bool is_last = true;
};

Result<Batch> read(Source& from, const Table& table, const Row& after) {
  Batch batch;
  GL_TRY(from.each_row(table, {.after = after}, [&](Row row) -> Result<bool> {
    const bool is_full = batch.bytes >= kSpanBytes || batch.rows.size() >= kSpanRows;
    if (is_full && !are_same(batch.rows.back(), row, table.group)) {
      batch.is_last = false;
      return false;
    }
    batch.bytes += size_of(row);
    batch.rows.push_back(std::move(row));
    return true;
  }));
  return batch;
}

Result<Sum> sum_of(Source& of, const Table& table, const Span& span) {
  Sum sum;
  GL_TRY(of.each_row(table, span, [&](const Row& row) -> Result<bool> {
    sum.add(table, row);
    return true;
  }));
  return sum;
}

Sum sum_of(const Table& table, const std::vector<Row>& rows) {
  Sum sum;
  for (const Row& row : rows) sum.add(table, row);
  return sum;
}

Row key_of(const Table& table, const Row& row) {
  return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(table.keys)};
}

Status copy_span(Target& to, const Table& table, const Span& span, Batch batch,
                 Compared& compared) {
  const Sum here = sum_of(table, batch.rows);
  auto there = sum_of(to, table, span);
  if (!there) return std::unexpected(there.error());
  if (here != *there) {
    GL_TRY(to.replace(table, span, batch.rows, span.through));
    compared.written += batch.rows.size();
    there = sum_of(to, table, span);
    if (!there) return std::unexpected(there.error());
  }
  compared.from.add(here);
  compared.to.add(*there);
  return {};
}

Result<Compared> copy_table(Source& from, Target& to, const Table& table, const Options& options) {
  Compared compared{.table = std::string(table.name), .from = {}, .to = {}};
  Row after;
  if (options.from == Options::From::kPlace) {
    GL_TRY(auto place, to.place(table));
    after = std::move(place);
  }
  while (true) {
    GL_TRY(auto batch, read(from, table, after));
    Span span{.after = after};
    if (!batch.is_last) span.through = key_of(table, batch.rows.back());
    after = span.through;
    const bool is_last = batch.is_last;
    const auto rows = static_cast<std::uint64_t>(batch.rows.size());
    const auto bytes = static_cast<std::uint64_t>(batch.bytes);
    GL_TRY(copy_span(to, table, span, std::move(batch), compared));
    if (options.on_span) {
      GL_TRY(options.on_span(table, rows, bytes));
    }
    if (is_last) return compared;
  }
}

Result<std::vector<Compared>> copy_whole(Source& from, Target& to, const Options& options) {
  auto compared = compare(from, to);
  if (!compared) return compared;
  if (std::ranges::all_of(*compared, [](const Compared& each) { return each.from == each.to; })) {
    return compared;
  }
  std::vector<std::vector<Row>> all;
  for (const Table& table : from.tables()) {
    std::uint64_t bytes = 0;
    auto& rows = all.emplace_back();
    GL_TRY(from.each_row(table, {}, [&](Row row) -> Result<bool> {
      bytes += size_of(row);
      rows.push_back(std::move(row));
      return true;
    }));
    if (!options.on_span) continue;
    GL_TRY(options.on_span(table, rows.size(), bytes));
  }
  GL_TRY(to.replace_all(all));
  auto after = compare(from, to);
  if (!after) return after;
  for (std::size_t i = 0; i < all.size(); ++i) (*after)[i].written = all[i].size();
  return after;
}

}  // namespace

Result<std::vector<Compared>> copy(Source& from, Target& to, const Options& options) {
  if (to.unit() == Target::Unit::kStore) return copy_whole(from, to, options);
  std::vector<Compared> all;
  for (const Table& table : from.tables()) {
    if (table.is_restless && options.from == Options::From::kPlace) continue;
    GL_TRY(auto compared, copy_table(from, to, table, options));
    all.push_back(std::move(compared));
  }
  return all;
}

Result<std::vector<Compared>> compare(Source& from, Source& to) {
  std::vector<Compared> all;
  for (const Table& table : from.tables()) {
    GL_TRY(const auto here, sum_of(from, table, {}));
    GL_TRY(const auto there, sum_of(to, table, {}));
    all.push_back({.table = std::string(table.name), .from = here, .to = there});
  }
  return all;
}

}  // namespace gridloom::transfer
