#include "app/command_line/secret_input.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <utility>

#include "base/read_file.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxKey = 4096;  // bytes

// Switches the echo of the terminal off while it lives.
class NoEcho {
 public:
  NoEcho() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool is_terminal_;
};

Result<std::string> line_of_input() {
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    if (line.size() == kMaxKey) {
      return fail(ErrorCode::kBadParams, fmt::format("-: more than {} bytes", kMaxKey));
    }
    line += static_cast<char>(c);
  }
  return line;
}

// The key of a line, which an editor may have ended in the manner of Windows.
Result<Secret> secret_of(Result<std::string> text) {
  if (!text) return std::unexpected(std::move(text.error()));
  text->resize(std::min(text->find_first_of("\r\n"), text->size()));
  return Secret(std::move(*text));
}

}  // namespace

Result<Secret> secret_in_file(const std::string& file) {
  auto secret = secret_of(file == "-" ? line_of_input() : read_text(file, kMaxKey));
  if (secret && secret->empty()) {
    return fail(ErrorCode::kBadParams, file + ": the first line is empty");
  }
  return secret;
}

Result<Secret> typed_secret() {
  if (::isatty(STDIN_FILENO) != 1) return secret_of(line_of_input());
  fmt::print(stderr, "Secret key (not shown): ");
  auto line = [] {
    const NoEcho silent;
    return line_of_input();
  }();
  fmt::print(stderr, "\n");
  return secret_of(std::move(line));
}

}  // namespace gridloom::app
