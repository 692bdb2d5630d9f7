// A source file as the checks see it: the text, and copies in which comments and literals are
// blanked, so that a rule about code is not misled by a comment that mentions code.
//
// Offsets are the same in `text`, `code` and `comments`. The implementation is not a compiler: it
// recognizes comments, strings and tokens, but no types.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::tidy {

struct Literal {
  std::size_t offset = 0;  // of the content, after the quote
  std::string content;     // as written, escapes included
};

// An identifier, a number, `::`, `->`, or one character of punctuation.
struct Token {
  std::string_view text;  // into Source::code
  std::size_t offset = 0;
};

class Source {
 public:
  Source(std::string path, std::string text);

  // Relative to the root, with forward slashes.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  // The text with comments and the contents of literals replaced by spaces; unchanged if not C++.
  [[nodiscard]] const std::string& code() const { return code_; }
  // The text with everything but comments replaced by spaces; unchanged if not C++.
  [[nodiscard]] const std::string& comments() const { return comments_; }
  [[nodiscard]] const std::vector<Literal>& literals() const { return literals_; }

  [[nodiscard]] bool is_cpp() const;
  [[nodiscard]] bool is_header() const { return path_.ends_with(".h"); }
  // Whether the file is a test, a fuzz target, or a header only for these (test_*.h, src/testing).
  [[nodiscard]] bool is_test() const;
  [[nodiscard]] bool under(std::string_view folder) const { return path_.starts_with(folder); }

  // Line numbers count from 1.
  [[nodiscard]] std::size_t line_of(std::size_t offset) const;
  [[nodiscard]] std::size_t line_count() const { return line_starts_.size(); }
  // Without the line ending.
  [[nodiscard]] std::string_view line(std::size_t number) const;
  [[nodiscard]] std::vector<Token> tokens() const;

 private:
  std::string path_;
  std::string text_;
  std::string code_;
  std::string comments_;
  std::vector<Literal> literals_;
  std::vector<std::size_t> line_starts_;
};

[[nodiscard]] bool is_word(char c);  // a letter, a digit or _

}  // namespace gridloom::tidy
