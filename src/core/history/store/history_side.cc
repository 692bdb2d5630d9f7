#include "history/store/history_side.h"

#include <algorithm>
#include <iterator>

namespace gridloom::history {
namespace {

constexpr std::size_t kMark = 5;       // in a row of chunks
constexpr std::size_t kFirstMark = 2;  // in one of running days
// Marks of a day follow this multiple of it.
constexpr int kBitsOfMark = 32;

std::int64_t first_mark_of(std::int64_t day) { return day << kBitsOfMark; }

}  // namespace

Result<std::map<std::int64_t, std::int64_t>> HistorySide::days_by_mark() {
  std::map<std::int64_t, std::int64_t> days;
  GL_TRY(connection().read(kRunningDays, "ORDER BY day", {},
                           [&days](const tables::RowView& row) -> Result<bool> {
                             days.insert_or_assign(row.integer(2), row.integer(0));
                             return true;
                           }));
  return days;
}

Status HistorySide::each_row(const transfer::Table& table, const transfer::Span& span,
                             const OnRow& on_row) {
  if (&of(table) != &kChunks) return Side::each_row(table, span, on_row);
  GL_TRY(const auto days, days_by_mark());
  return Side::each_row(table, span, [&](transfer::Row row) -> Result<bool> {
    const auto after = days.upper_bound(transfer::number_in(row, kMark));
    row[kMark] = after == days.begin() ? std::int64_t{0} : std::prev(after)->second;
    return on_row(std::move(row));
  });
}

Status HistorySide::read_newest_marks() {
  newest_marks_.emplace();
  return connection().each("SELECT mark >> 32, max(mark) FROM block GROUP BY mark >> 32", {},
                           [this](const tables::RowView& row) -> Result<bool> {
                             newest_marks_->emplace(row.integer(0), row.integer(1));
                             return true;
                           });
}

Status HistorySide::raise_mark(std::int64_t mark) {
  GL_TRY(const auto newest, connection().integer("SELECT mark FROM writer"));
  return newest >= mark ? Status() : connection().update(kWriter, {"mark"}, {mark, 1});
}

Status HistorySide::insert(const tables::Table& table, const std::vector<transfer::Row>& rows) {
  const bool has_marks = &table == &kChunks || &table == &kRunningDays;
  if (!has_marks || rows.empty()) return Side::insert(table, rows);
  if (!newest_marks_) {
    GL_TRY(read_newest_marks());
  }
  std::vector<transfer::Row> stored = rows;
  std::int64_t newest = 0;
  for (transfer::Row& row : stored) {
    if (&table == &kRunningDays) {
      row[kFirstMark] = first_mark_of(transfer::number_in(row, 0));
      newest = std::max(newest, transfer::number_in(row, kFirstMark));
      continue;
    }
    const std::int64_t day = transfer::number_in(row, kMark);
    std::int64_t& mark = newest_marks_->try_emplace(day, first_mark_of(day)).first->second;
    row[kMark] = ++mark;
    newest = std::max(newest, mark);
  }
  GL_TRY(Side::insert(table, stored));
  return raise_mark(newest);
}

}  // namespace gridloom::history
