// Checks co_await expressions, whose temporaries live across the suspension. g++ 12 silently
// destroys some of them twice (braces that contain a std::string, lambdas that capture one), and a
// lambda coroutine outlives the captures it was created with. Therefore no owning object is created
// inside such an expression: it gets a name first and is moved in.
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

using Tokens = std::vector<Token>;

// Names that create an owning object inside braces.
constexpr std::array<std::string_view, 14> kOwners = {
    "string",      "vector",      "map",    "optional",  "function",  "shared_ptr", "unique_ptr",
    "make_shared", "make_unique", "format", "to_string", "make_pair", "move",       "Secret"};

bool opens(std::string_view text) { return text == "(" || text == "[" || text == "{"; }
bool closes(std::string_view text) { return text == ")" || text == "]" || text == "}"; }

// The index after the expression that begins at `from`: a `;` or `,` on the same level, or the
// closing bracket around the expression.
std::size_t end_of_expression(const Tokens& tokens, std::size_t from) {
  std::size_t depth = 0;
  for (std::size_t i = from; i < tokens.size(); ++i) {
    const std::string_view text = tokens[i].text;
    if (opens(text)) ++depth;
    if (closes(text) && depth-- == 0) return i;
    if (depth == 0 && (text == ";" || text == ",")) return i;
  }
  return tokens.size();
}

// The index of the bracket that closes the one at `open`.
std::size_t matching(const Tokens& tokens, std::size_t open) {
  std::size_t depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    if (opens(tokens[i].text)) ++depth;
    if (closes(tokens[i].text) && --depth == 0) return i;
  }
  return tokens.size();
}

// A [ after a name, a ) or a ] is an index; anywhere else it opens a lambda.
bool opens_lambda(const Tokens& tokens, std::size_t index) {
  if (tokens[index].text != "[" || index == 0) return false;
  const std::string_view before = tokens[index - 1].text;
  return before == "co_await" || before == "return" ||
         !(is_word(before[0]) || before == ")" || before == "]");
}

bool holds_owner(const Tokens& tokens, std::size_t from, std::size_t to) {
  return std::any_of(tokens.begin() + static_cast<std::ptrdiff_t>(from),
                     tokens.begin() + static_cast<std::ptrdiff_t>(to), [](const Token& token) {
                       return std::ranges::find(kOwners, token.text) != kOwners.end();
                     });
}

// Skips a lambda's body, to which the rules apply separately: its co_awaits are found on their own.
std::size_t after_lambda(const Tokens& tokens, std::size_t index, std::size_t end) {
  for (std::size_t i = matching(tokens, index); i < end; ++i) {
    if (tokens[i].text == "(") i = matching(tokens, i);
    if (i < end && tokens[i].text == "{") return matching(tokens, i);
  }
  return end;
}

void check_expression(const Source& file, const Tokens& tokens, std::size_t from, Report& report) {
  const std::size_t end = end_of_expression(tokens, from);
  for (std::size_t i = from; i < end; ++i) {
    if (opens_lambda(tokens, i)) {
      if (matching(tokens, i) > i + 1) {
        report.at(file, tokens[i].offset, "a lambda with captures inside a co_await expression",
                  "make it a function with parameters, or name it first and std::move it in");
      }
      i = after_lambda(tokens, i, end);
    } else if (tokens[i].text == "{") {
      const std::size_t close = matching(tokens, i);
      if (holds_owner(tokens, i, std::min(close, end))) {
        report.at(file, tokens[i].offset, "braces with an owner inside a co_await expression",
                  "name the object first and std::move it in, or let it hold views only");
      }
      i = close;
    }
  }
}

}  // namespace

void check_coroutines(const Tree& tree, Report& report) {
  for (const Source& file : tree.files()) {
    if (!file.is_cpp()) continue;
    const Tokens tokens = file.tokens();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].text == "co_await") check_expression(file, tokens, i + 1, report);
    }
  }
}

}  // namespace gridloom::tidy
