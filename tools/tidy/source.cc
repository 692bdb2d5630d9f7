// The splitter walks the text once; each state (comment, string, raw string, number, code) is a
// function that returns where the state ends.
#include "tidy/source.h"

#include <algorithm>
#include <utility>

namespace gridloom::tidy {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Splitter {
 public:
  Splitter(const std::string& text, std::string& code, std::string& comments,
           std::vector<Literal>& literals)
      : text_(text), code_(code), comments_(comments), literals_(literals) {}

  void run() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        comment(text_.find('\n', at_));
      } else if (starts("/*")) {
        const std::size_t close = text_.find("*/", at_ + 2);
        comment(close == std::string::npos ? close : close + 2);
      } else if (text_[at_] == '"') {
        is_raw() ? raw_string() : quoted('"');
      } else if (text_[at_] == '\'') {
        quoted('\'');
      } else if (is_word(text_[at_])) {
        word();
      } else {
        ++at_;
      }
    }
  }

 private:
  [[nodiscard]] bool starts(std::string_view what) const {
    return std::string_view(text_).substr(at_).starts_with(what);
  }

  static void blank(std::string& out, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if (out[i] != '\n') out[i] = ' ';
    }
  }

  void comment(std::size_t end) {
    end = std::min(end, text_.size());
    blank(code_, at_, end);
    std::copy(text_.begin() + static_cast<std::ptrdiff_t>(at_),
              text_.begin() + static_cast<std::ptrdiff_t>(end),
              comments_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = end;
  }

  void quoted(char quote) {
    const std::size_t from = ++at_;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    at_ = std::min(at_, text_.size());
    if (quote == '"')
      literals_.push_back({.offset = from, .content = text_.substr(from, at_ - from)});
    blank(code_, from, at_);
    if (at_ < text_.size()) ++at_;
  }

  // The R of R"( ends a word (R, u8R, LR) that is directly before the quote.
  [[nodiscard]] bool is_raw() const { return at_ > 0 && text_[at_ - 1] == 'R'; }

  void raw_string() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string::npos) return quoted('"');
    const std::string close = ")" + text_.substr(at_ + 1, open - at_ - 1) + "\"";
    const std::size_t end = std::min(text_.find(close, open), text_.size());
    literals_.push_back({.offset = open + 1, .content = text_.substr(open + 1, end - open - 1)});
    const std::size_t after = std::min(end + close.size(), text_.size());
    blank(code_, at_ + 1, after - 1);
    at_ = after;
  }

  // A number may contain ' between digits, which does not open a character literal.
  void word() {
    const bool number = is_digit(text_[at_]);
    while (at_ < text_.size() &&
           (is_word(text_[at_]) ||
            (number && text_[at_] == '\'' && at_ + 1 < text_.size() && is_word(text_[at_ + 1])))) {
      ++at_;
    }
  }

  const std::string& text_;
  std::string& code_;
  std::string& comments_;
  std::vector<Literal>& literals_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

Source::Source(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)), code_(text_), comments_(text_) {
  std::size_t start = 0;
  while (start < text_.size()) {
    line_starts_.push_back(start);
    start = std::min(text_.find('\n', start), text_.size()) + 1;
  }
  if (!is_cpp()) return;
  std::ranges::replace_if(comments_, [](char c) { return c != '\n'; }, ' ');
  Splitter(text_, code_, comments_, literals_).run();
}

bool Source::is_cpp() const { return path_.ends_with(".cc") || path_.ends_with(".h"); }

bool Source::is_test() const {
  const std::string_view name = std::string_view(path_).substr(path_.rfind('/') + 1);
  return name.ends_with("_test.cc") || name.ends_with("_fuzz.cc") || name.starts_with("test_") ||
         under("tests/") || under("src/testing/");
}

std::size_t Source::line_of(std::size_t offset) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(line_starts_, offset) -
                                  line_starts_.begin());
}

std::string_view Source::line(std::size_t number) const {
  const std::size_t start = line_starts_[number - 1];
  return std::string_view(text_).substr(start, text_.find('\n', start) - start);
}

std::vector<Token> Source::tokens() const {
  std::vector<Token> out;
  const std::string_view code = code_;
  for (std::size_t at = 0; at < code.size();) {
    std::size_t end = at + 1;
    if (is_word(code[at])) {
      while (end < code.size() && is_word(code[end])) ++end;
    } else if (code.substr(at, 2) == "::" || code.substr(at, 2) == "->") {
      ++end;
    }
    if (code[at] > ' ') out.push_back({.text = code.substr(at, end - at), .offset = at});
    at = end;
  }
  return out;
}

}  // namespace gridloom::tidy
