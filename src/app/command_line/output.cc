#include "app/command_line/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <ostream>
#include <system_error>
#include <utility>

#include "app/operations/run.h"
#include "base/printable.h"

namespace gridloom::app {

namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kLeastWrapped = 24;  // characters of a column that wraps
constexpr std::string_view kReset = "\x1b[0m";

std::string_view variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kHeading:
    case Style::kStrong:
      return "\x1b[1m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kPlain:
      break;
  }
  return {};
}

}  // namespace

bool has_colours() {
  return ::isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

std::size_t columns_of_terminal() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) return size.ws_col;
  const std::string_view said = variable("COLUMNS");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(said.data(), said.data() + said.size(), columns);
  return error == std::errc() && end == said.data() + said.size() ? columns : 0;
}

std::string styled(std::string_view text, Style style, bool coloured) {
  const std::string_view code = code_of(style);
  if (code.empty() || !coloured || text.empty()) return std::string(text);
  return fmt::format("{}{}{}", code, text, kReset);
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    if (!take_character(text)) text.remove_prefix(1);
    ++width;
  }
  return width;
}

std::string wrapped_words(std::string_view text, std::size_t indentation, std::size_t most) {
  if (most == 0) return std::string(text);
  std::string lines;
  std::size_t at = indentation;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t width = width_of(word);
    if (!is_first && at + 1 + width > most) {
      lines += '\n' + std::string(indentation, ' ');
      at = indentation;
    } else if (!is_first) {
      lines += ' ';
      ++at;
    }
    lines += word;
    at += width;
    is_first = false;
  }
  return lines;
}

std::string shortened_to(std::string_view text, std::size_t most) {
  if (width_of(text) <= most) return std::string(text);
  std::string_view rest = text;
  for (std::size_t i = 0; i + 1 < most; ++i) {
    if (!take_character(rest)) rest.remove_prefix(1);
  }
  return std::string(text.substr(0, text.size() - rest.size())) + "…";
}

void Table::add(std::vector<std::string> cells) {
  std::vector<Cell> row;
  row.reserve(cells.size());
  for (std::string& cell : cells) row.push_back({.text = std::move(cell)});
  add_styled(std::move(row));
}

void Table::add_styled(std::vector<Cell> cells) {
  for (Cell& cell : cells) cell.text = printable(cell.text);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t most) const {
  std::vector<std::size_t> widths;
  std::size_t whole = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = std::max(columns_[i].at_least, width_of(columns_[i].title));
    for (const auto& row : rows_) widest = std::max(widest, width_of(row[i].text));
    if (most != 0 && columns_[i].wraps) widest = std::min(widest, kLeastWrapped);
    widths.push_back(widest);
    whole += widest + (i == 0 ? 0 : kGap.size());
  }
  for (; most != 0 && whole > most; --whole) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool shrinks = columns_[i].shrinks_to != 0 && widths[i] > columns_[i].shrinks_to;
      if (shrinks && (widest == nullptr || widths[i] > *widest)) widest = &widths[i];
    }
    if (widest == nullptr) break;
    --*widest;
  }
  return widths;
}

std::string Table::text(bool coloured, std::size_t most) const {
  if (rows_.empty()) return {};
  const std::vector<std::size_t> widths = this->widths(most);
  std::string all;
  const auto add_line = [&](const auto& cell_of) {
    std::size_t blanks = 0;  // that are due, unless the line ends
    std::size_t begin = 0;   // of the column
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Cell& cell = cell_of(i);
      const bool is_wrapped = most != 0 && columns_[i].wraps;
      const std::string text =
          is_wrapped ? wrapped_words(cell.text, begin, most) : shortened_to(cell.text, widths[i]);
      const std::size_t padding = is_wrapped ? 0 : widths[i] - width_of(text);
      begin += widths[i] + kGap.size();
      const bool is_right = columns_[i].align == Align::kRight;
      if (is_right) blanks += padding;
      if (!text.empty()) {
        all.append(blanks, ' ').append(styled(text, cell.style, coloured));
        blanks = 0;
      }
      blanks += (is_right ? 0 : padding) + kGap.size();
    }
    all += '\n';
  };
  std::vector<Cell> titles;
  titles.reserve(columns_.size());
  for (const Column& each : columns_) {
    titles.push_back({.text = each.title, .style = Style::kHeading});
  }
  add_line([&](std::size_t i) -> const Cell& { return titles[i]; });
  for (const auto& row : rows_) {
    add_line([&](std::size_t i) -> const Cell& { return row[i]; });
  }
  return all;
}

void Table::print() const { fmt::print("{}", text(has_colours(), columns_of_terminal())); }

void print_json(const wire::Json& value) { fmt::print("{}\n", wire::to_text(value)); }

void print_object(const wire::JsonObject& object, bool json) {
  wire::JsonObject shown = object;
  shown.erase(operations::kWarningMember);  // goes to standard error
  if (json) return print_json(shown);
  for (const auto& [name, value] : shown) {
    fmt::print("{}: {}\n", std::string_view(name), printable(wire::plain_text(value)));
  }
}

std::string member_text(const wire::Json& object, std::string_view name) {
  const wire::Json* value = wire::member(object, name);
  return value == nullptr ? std::string() : wire::plain_text(*value);
}

void print_note(std::string_view note) { fmt::print(stderr, "{}\n", note); }

Status write_new_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::noreplace);
  out << text << std::flush;
  if (out) return {};
  return fail(ErrorCode::kIo,
              fmt::format("{} exists already, or cannot be written", file.string()));
}

}  // namespace gridloom::app
