#include "app/command_line/text_table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/printable.h"

namespace gridloom::app {
namespace {

constexpr std::string_view kGap = "  ";

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      break;
    case Colour::kDim:
      return "2";
    case Colour::kBold:
      return "1";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kRed:
      return "31";
  }
  return {};
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

bool takes_colours(std::FILE* file) {
  return ::isatty(::fileno(file)) == 1 && environment("NO_COLOR").empty() &&
         environment("TERM") != "dumb";
}

std::string in_colour(std::string_view text, Colour colour, bool coloured) {
  if (!coloured || colour == Colour::kNone || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

std::size_t columns_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    // A byte that is not UTF-8 takes one column.
    if (!take_character(text)) text.remove_prefix(1);
    ++width;
  }
  return width;
}

std::string shortened_to(std::string_view text, std::size_t most) {
  if (columns_of(text) <= most) return std::string(text);
  std::string_view rest = text;
  for (std::size_t i = 0; i + 1 < most; ++i) {
    if (!take_character(rest)) rest.remove_prefix(1);
  }
  return std::string(text.substr(0, text.size() - rest.size())) + "…";
}

std::string TextTable::text(bool coloured) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(columns_of(column.title));
  for (const std::vector<Cell>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths.at(i) = std::max(widths.at(i), columns_of(row[i].text));
    }
  }
  std::string all;
  const auto add_line = [&](const auto& cell_at) {
    std::size_t blanks = 0;  // that are due, unless the line ends
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Cell cell = cell_at(i);
      const std::size_t pad = widths[i] - columns_of(cell.text);
      const bool is_right = columns_[i].align == Align::kRight;
      if (is_right) blanks += pad;
      if (!cell.text.empty()) {
        all.append(blanks, ' ').append(in_colour(cell.text, cell.colour, coloured));
        blanks = 0;
      }
      blanks += (is_right ? 0 : pad) + kGap.size();
    }
    all += '\n';
  };
  add_line([&](std::size_t i) { return Cell{.text = columns_[i].title, .colour = Colour::kDim}; });
  for (const std::vector<Cell>& row : rows_) {
    add_line([&](std::size_t i) { return row.at(i); });
  }
  return all;
}

}  // namespace gridloom::app
