// The output of commands: aligned tables for people, one JSON value a line for programs, and
// colours on a terminal only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

enum class Style : std::uint8_t { kPlain, kHeading, kStrong, kGood, kWarning, kBad };

// Whether standard output takes colours: it is a terminal that knows them, and NO_COLOR is not set.
[[nodiscard]] bool has_colours();
// Characters in a line of standard output: of the terminal, or where it is none, those that COLUMNS
// says; 0: any number is good.
[[nodiscard]] std::size_t columns_of_terminal();
// The text in a colour if `coloured`, otherwise as it is.
[[nodiscard]] std::string styled(std::string_view text, Style style, bool coloured = has_colours());

class Table {
 public:
  enum class Align : std::uint8_t { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
    std::size_t at_least = 0;    // characters, so that the columns behind it stay where they are
    std::size_t shrinks_to = 0;  // characters, where the table is too wide; 0: it does not shrink
    bool wraps = false;          // the last column: a long text is continued below itself
  };
  struct Cell {
    std::string text;
    Style style = Style::kPlain;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns. Texts that came from outside are made printable.
  void add(std::vector<std::string> cells);
  void add_styled(std::vector<Cell> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // The heading and all rows, a line each; empty if there are no rows. Columns are two blanks
  // apart, and no line ends with a blank. A table of more than `most` characters is made as narrow
  // as its columns may shrink or wrap; 0: any width is good.
  [[nodiscard]] std::string text(bool coloured = has_colours(), std::size_t most = 0) const;
  // On standard output, no wider than the terminal if the columns may shrink so far.
  void print() const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t most) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Columns of a terminal that a text takes: its characters. A byte that is not UTF-8 takes one.
[[nodiscard]] std::size_t width_of(std::string_view text);
// The text in lines of `most` characters, broken at its blanks, the first of which begins behind
// `indentation` others, as all further ones do. A longer word has a line of its own. 0: the text as
// it is.
[[nodiscard]] std::string wrapped_words(std::string_view text, std::size_t indentation,
                                        std::size_t most = columns_of_terminal());
// At most `most` characters of the text; a longer one ends with "…".
[[nodiscard]] std::string shortened_to(std::string_view text, std::size_t most);

// One line of JSON.
void print_json(const wire::Json& value);

// Prints the members of an object: one line of JSON, or "name: value" lines without the member that
// holds a warning.
void print_object(const wire::JsonObject& object, bool json);

// The member's wire::plain_text(); empty if the object has no such member.
[[nodiscard]] std::string member_text(const wire::Json& object, std::string_view name);

// Says on standard error, for people, that a list is empty, and what to do about it: standard
// output has the list alone.
void print_note(std::string_view note);

// Writes a file that a person asked for and that must not replace one of theirs.

// kIo: the file exists already, or cannot be written.
[[nodiscard]] Status write_new_file(const std::filesystem::path& file, std::string_view text);

}  // namespace gridloom::app
