// Tables and colours for a terminal. Text that is piped has no colour, and none is used where
// NO_COLOR is set or the terminal is a dumb one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::app {

enum class Colour : std::uint8_t { kNone, kDim, kBold, kGreen, kYellow, kRed };

// Whether text written to `file`, standard output or error, may have colours.
[[nodiscard]] bool takes_colours(std::FILE* file);
// The text in the colour, if `coloured`.
[[nodiscard]] std::string in_colour(std::string_view text, Colour colour, bool coloured);

// Columns of a terminal that the UTF-8 text takes: its characters.
[[nodiscard]] std::size_t columns_of(std::string_view text);
// At most `most` characters of the text; a longer one ends with "…".
[[nodiscard]] std::string shortened_to(std::string_view text, std::size_t most);

class TextTable {
 public:
  enum class Align : std::uint8_t { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  struct Cell {
    std::string text;
    Colour colour = Colour::kNone;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Lines, each ended by a newline; columns are two blanks apart, and no line ends with a blank.
  [[nodiscard]] std::string text(bool coloured) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace gridloom::app
