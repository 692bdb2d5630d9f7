#include "sim/world_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "base/read_file.h"
#include "time/grammar.h"

namespace gridloom::sim {
namespace {

// A column of numbers.
struct Column {
  std::string_view name;
  double least = 0;
  double most = 0;
  std::string_view unit;
  std::optional<double> WorldFile::Row::* value;
};
constexpr std::array kColumns = {
    Column{"load_w", 0, 100'000, " W", &WorldFile::Row::load_w},
    Column{"sun", 0, 1.2, "", &WorldFile::Row::sun},
    Column{"air_c", -60, 60, " °C", &WorldFile::Row::air_c},
};
// A measured load is below 0 where another device fed in more than the home used: it counts as 0.
constexpr Column kMeasuredLoad{"load_w", -100'000, 100'000, " W", &WorldFile::Row::load_w};
constexpr std::string_view kTime = "time";
// The same time once more, for people.
constexpr Column kLocalTime{"local_time", 0, 0, "", nullptr};

// The column that a heading names. A file that `gridloom history --csv` writes names fields of a
// device, with their units: the power is the household's.
const Column* column_of(std::string_view heading) {
  if (heading == kLocalTime.name) return &kLocalTime;
  if (heading.ends_with(" [W]")) return &kMeasuredLoad;
  if (heading.ends_with(" [°C]")) heading = "air_c";
  const auto* const found = std::ranges::find(kColumns, heading, &Column::name);
  return found == kColumns.end() ? nullptr : found;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (;;) {
    const std::size_t comma = line.find(',');
    cells.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

class Reader {
 public:
  Reader(std::string_view name, const time::TimeZone& zone) : name_(name), zone_(zone) {}

  // Reads a line; the first one names the columns.
  [[nodiscard]] Status line(std::string_view text) {
    ++number_;
    text = trimmed(text);
    if (text.empty() || text.starts_with('#')) return {};
    return columns_.empty() ? read_columns(text) : read_row(text);
  }
  [[nodiscard]] std::vector<WorldFile::Row>& rows() { return rows_; }

 private:
  [[nodiscard]] Status wrong(std::string_view what) const {
    return fail(ErrorCode::kMalformed, fmt::format("{}:{}: {}", name_, number_, what));
  }

  [[nodiscard]] Status read_columns(std::string_view text) {
    for (const std::string_view cell : cells_of(text)) {
      const Column* found = cell == kTime ? nullptr : column_of(cell);
      if (cell != kTime && found == nullptr) {
        return wrong(
            fmt::format("there is no column \"{}\": must be time, load_w, sun or air_c", cell));
      }
      const auto is_same = [&](const Column* each) {
        return each == found ||
               (each != nullptr && found != nullptr && each->value == found->value);
      };
      if (std::ranges::any_of(columns_, is_same)) {
        return wrong(
            fmt::format("the column {} is there twice", found == nullptr ? kTime : found->name));
      }
      columns_.push_back(found);
    }
    if (std::ranges::find(columns_, nullptr) == columns_.end()) {
      return wrong("the column time is missing");
    }
    return {};
  }

  [[nodiscard]] Status read_row(std::string_view text) {
    const std::vector<std::string_view> cells = cells_of(text);
    if (cells.size() != columns_.size()) {
      return wrong(fmt::format("has {} cells: must have {}", cells.size(), columns_.size()));
    }
    if (rows_.size() == WorldFile::kMostRows) {
      return wrong(fmt::format("must have at most {} rows", WorldFile::kMostRows));
    }
    WorldFile::Row row{};
    for (std::size_t k = 0; k < cells.size(); ++k) {
      if (columns_[k] == &kLocalTime) continue;
      const Status read = columns_[k] == nullptr ? read_time(cells[k], row)
                                                 : read_number(*columns_[k], cells[k], row);
      if (!read) return read;
    }
    if (!rows_.empty() && row.from <= rows_.back().from) {
      return wrong("its time must be later than that of the row before");
    }
    rows_.push_back(row);
    return {};
  }

  [[nodiscard]] Status read_time(std::string_view cell, WorldFile::Row& row) const {
    const auto time = time::parse_time(cell, {.name = kTime,
                                              .now = {.at = TimePoint{}, .zone = zone_},
                                              .relative = time::TimeOptions::Relative::kNone,
                                              .takes_unix_ms = true});
    if (!time) return wrong(time.error().detail);
    row.from = *time;
    return {};
  }

  [[nodiscard]] Status read_number(const Column& column, std::string_view cell,
                                   WorldFile::Row& row) const {
    if (cell.empty()) return {};
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool is_number = error == std::errc() && end == cell.data() + cell.size();
    const bool is_within = value >= column.least && value <= column.most;  // not if it is no number
    if (!is_number || !is_within) {
      return wrong(fmt::format("{} is {}: must be {} to {}{}", column.name, cell, column.least,
                               column.most, column.unit));
    }
    row.*column.value = &column == &kMeasuredLoad ? std::max(value, 0.0) : value;
    return {};
  }

  std::string_view name_;
  const time::TimeZone& zone_;
  std::size_t number_ = 0;                // of the line
  std::vector<const Column*> columns_{};  // nullptr: the time
  std::vector<WorldFile::Row> rows_;
};

}  // namespace

Result<std::shared_ptr<const WorldFile>> WorldFile::parse(std::string_view name,
                                                          std::string_view text,
                                                          const time::TimeZone& zone) {
  Reader reader(name, zone);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    GL_TRY(reader.line(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (reader.rows().empty()) {
    return fail(ErrorCode::kMalformed, fmt::format("{}: must have a line of column names and at "
                                                   "least one row",
                                                   name));
  }
  auto made = std::make_shared<WorldFile>();
  made->rows_ = std::move(reader.rows());
  return made;
}

Result<std::shared_ptr<const WorldFile>> WorldFile::read(const std::filesystem::path& path,
                                                         const time::TimeZone& zone) {
  GL_TRY(const auto text, read_text(path, kMostBytes));
  return parse(path.string(), text, zone);
}

const WorldFile::Row* WorldFile::at(TimePoint now) const {
  const auto next = std::ranges::upper_bound(rows_, now, {}, &Row::from);
  return next == rows_.begin() ? nullptr : &*std::prev(next);
}

}  // namespace gridloom::sim
