// The parser walks over the declarations of namespaces and classes. It reads each declaration from
// left to right and decides at the first token that tells: a list of parameters makes it a
// function, an initializer a variable.
#include "tidy/definitions.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace gridloom::tidy {
namespace {

using Tokens = std::vector<Token>;

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 3> kLabels = {"public", "protected", "private"};
constexpr std::array<std::string_view, 3> kClassKeys = {"class", "struct", "union"};
// Words before a declaration that say nothing about its kind.
constexpr std::array<std::string_view, 9> kSpecifiers = {"static",  "inline",    "constexpr",
                                                         "const",   "constinit", "mutable",
                                                         "typedef", "export",    "extern"};
// A parenthesis after one of these is no parameter list.
constexpr std::array<std::string_view, 6> kWithArguments = {
    "alignas", "decltype", "explicit", "noexcept", "requires", "__attribute__"};
constexpr std::array<std::string_view, 5> kTests = {"TEST", "TEST_F", "TEST_P", "TYPED_TEST",
                                                    "TYPED_TEST_P"};

bool is_name(std::string_view text) { return is_word(text[0]) && (text[0] < '0' || text[0] > '9'); }

// Copies the tokens without those of the preprocessor's lines and of the branches after #else and
// #elif.
class Preprocessed {
 public:
  explicit Preprocessed(const Source& file) : file_(file) {
    for (const Token& token : file.tokens()) {
      const std::size_t line = file.line_of(token.offset);
      while (line_ < line) next_line();
      if (!is_directive_ && !is_skipped()) tokens_.push_back(token);
    }
  }

  [[nodiscard]] Tokens take() { return std::move(tokens_); }

 private:
  [[nodiscard]] bool is_skipped() const {
    return std::ranges::find(in_else_, true) != in_else_.end();
  }

  void next_line() {
    const bool goes_on = is_directive_ && line_ > 0 && file_.line(line_).ends_with('\\');
    std::string_view text = file_.line(++line_);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    is_directive_ = goes_on || text.starts_with('#');
    if (goes_on) return;
    if (text.starts_with("#if")) in_else_.push_back(false);
    if (in_else_.empty()) return;
    if (text.starts_with("#el")) in_else_.back() = true;
    if (text.starts_with("#endif")) in_else_.pop_back();
  }

  const Source& file_;
  Tokens tokens_;
  std::vector<bool> in_else_;  // for each open #if, whether its first branch has ended
  std::size_t line_ = 0;
  bool is_directive_ = false;
};

// A namespace or class whose declarations are being read.
struct Scope {
  std::string name;
  bool is_class = false;
  std::size_t declarations = 0;
};

class Parser {
 public:
  explicit Parser(const Source& file) : file_(file), tokens_(Preprocessed(file).take()) {}

  void run() {
    Scope global;
    while (at_ < tokens_.size()) {
      declarations(global);
      ++at_;  // a brace too many, which only a macro can leave
    }
  }

  [[nodiscard]] std::vector<Definition> take_definitions() { return std::move(found_); }
  [[nodiscard]] std::vector<Declaration> take_declarations() { return std::move(declared_); }

 private:
  // The parts of the declaration that is being read, as far as they are known.
  struct Reading {
    std::size_t first = 0;  // token
    std::string name;       // of the declarator that was read last
    std::string test;       // Suite.Name if it is the body of a test
    std::size_t names = 0;  // declarators that have ended
    bool is_function = false;
    bool has_body = false;
    bool is_friend = false;
    bool after_scope = false;  // the last token was :: or ~, so that a word continues the name
  };

  [[nodiscard]] std::string_view text(std::size_t index) const {
    return index < tokens_.size() ? tokens_[index].text : std::string_view(" ");
  }
  [[nodiscard]] std::string_view here() const { return text(at_); }

  // Up to the brace that closes the scope, which is not read.
  void declarations(Scope& scope) {
    while (at_ < tokens_.size() && here() != "}") declaration(scope);
  }

  void declaration(Scope& scope) {
    Reading now;
    now.first = at_;
    if (here() == ";") {
      ++at_;
    } else if (is_one_of(here(), kLabels) && text(at_ + 1) == ":") {
      at_ += 2;
    } else if (here() == "using" || here() == "static_assert") {
      if (here() == "using" && text(at_ + 2) == "=") alias(scope, now);
      skip_to_semicolon();
    } else if (here() == "namespace" || (here() == "inline" && text(at_ + 1) == "namespace")) {
      name_space(scope);
    } else if (here() == "extern" && text(at_ + 1) == "\"" && text(at_ + 3) == "{") {
      at_ += 4;
      declarations(scope);
      ++at_;
    } else {
      head(now);
      if (is_one_of(here(), kClassKeys) || here() == "enum") {
        if (!type(scope, now)) return;
      } else if (here() == "using" || here() == "concept") {  // of a template
        if (here() == "using") alias(scope, now);
        return skip_to_semicolon();
      }
      declarators(scope, now);
    }
  }

  void alias(Scope& scope, const Reading& now) {
    ++scope.declarations;
    declare(DeclarationKind::kAlias, text(at_ + 1), now);
  }

  // Specifiers, attributes and the parameters of a template.
  void head(Reading& now) {
    while (at_ < tokens_.size()) {
      if (here() == "friend") now.is_friend = true;
      if (is_one_of(here(), kSpecifiers) || here() == "friend" || here() == "\"" ||
          (here() == "C" && text(at_ - 1) == "\"")) {
        ++at_;
      } else if (here() == "template") {
        ++at_;
        skip_angles();
      } else if (here() == "[" && text(at_ + 1) == "[") {
        skip_brackets();
      } else if (here() == "requires") {
        skip_requires();
      } else {
        return;
      }
    }
  }

  void name_space(Scope& scope) {
    Scope inner{.name = scope.name};
    for (; at_ < tokens_.size() && here() != "{"; ++at_) {
      if (here() == "=") return skip_to_semicolon();  // an alias
      if (is_name(here()) && here() != "namespace" && here() != "inline") {
        inner.name = joined(inner.name, here());
      }
    }
    ++at_;
    declarations(inner);
    ++at_;
  }

  // A class or an enumeration. False if the declaration ends with it.
  bool type(Scope& scope, const Reading& now) {
    const bool is_enum = here() == "enum";
    ++at_;
    if (is_enum && is_one_of(here(), kClassKeys)) ++at_;
    std::string name = type_name();
    if (here() == ";") return ++at_, false;           // a forward declaration
    if (here() != "{" && here() != ":") return true;  // `struct tm` as the type of something
    while (at_ < tokens_.size() && here() != "{" && here() != ";") {
      if (!skip_angles()) ++at_;
    }
    if (here() == ";") return ++at_, false;
    if (is_enum) {
      skip_brackets();
      if (!name.empty()) ++scope.declarations;
      declare(DeclarationKind::kType, name, now);
    } else {
      class_body(scope, now, std::move(name));
    }
    return true;
  }

  // The name, with the arguments of a specialization; empty if there is none.
  std::string type_name() {
    std::string name;
    while (at_ < tokens_.size()) {
      if (here() == "[" || here() == "alignas") {
        if (here() == "alignas") ++at_;
        skip_brackets();
      } else if (here() == "final") {
        ++at_;
      } else if (here() == "::" || (is_name(here()) && (name.empty() || name.ends_with("::")))) {
        name += here();
        ++at_;
      } else if (const std::size_t from = at_; here() == "<" && skip_angles()) {
        for (std::size_t i = from; i < at_; ++i) name += text(i);
      } else {
        return name;
      }
    }
    return name;
  }

  void class_body(Scope& scope, const Reading& now, std::string name) {
    ++at_;
    const bool has_name = !name.empty();
    Scope inner{.name = joined(scope.name, has_name ? name : "(unnamed)"), .is_class = true};
    declarations(inner);
    ++at_;
    // The names in an unnamed union are those of the class around it.
    if (!has_name && here() == ";") {
      scope.declarations += inner.declarations;
      return;
    }
    // A class that is defined outside the class which declares it is not counted here a second
    // time.
    if (has_name) ++scope.declarations;
    declare(DeclarationKind::kType, name, now);
    add(DefinitionKind::kClass, std::move(inner.name), now.first, inner.declarations);
  }

  // The rest of a declaration: a function, or variables up to the semicolon.
  void declarators(Scope& scope, Reading& now) {
    while (at_ < tokens_.size() && here() != "}") {
      if (here() == ";") {
        ++at_;
        break;
      }
      if (here() == "{" && now.is_function) {
        body(scope, now);
        now.has_body = true;
        break;
      }
      declarator_token(now);
    }
    if (now.is_function) now.names = 1;
    if (!now.is_function && !now.name.empty()) ++now.names;
    declare_name(now);
    if (!now.is_friend) scope.declarations += now.names;
  }

  void declarator_token(Reading& now) {
    const std::string_view token = here();
    if (token == "(") {
      parenthesis(now);
    } else if (token == "[" || token == "{") {
      skip_brackets();
    } else if (token == "=") {
      skip_initializer();
    } else if (token == ":") {
      now.is_function ? skip_member_initializers() : skip_initializer();
    } else if (token == ",") {
      if (!now.is_function) {
        ++now.names;
        declare_name(now);
      }
      now.name.clear();
      ++at_;
    } else if (token == "requires") {
      skip_requires();
    } else if (token == "operator" && !now.is_function) {
      operator_name(now);
    } else if (is_one_of(token, kWithArguments) && text(at_ + 1) == "(") {
      ++at_;
      skip_brackets();
    } else if (token == "<" && at_ > 0 && is_name(text(at_ - 1)) && skip_angles()) {
      // Arguments of a template.
    } else {
      if (!now.is_function) continue_name(now, token);
      ++at_;
    }
  }

  static void continue_name(Reading& now, std::string_view token) {
    const bool joins = token == "::" || token == "~";
    if (joins || is_name(token)) {
      if (token != "::" && !now.after_scope) now.name.clear();
      now.name += token;
    }
    now.after_scope = joins;
  }

  // The parameters of a function, or the name of a pointer or reference to something.
  void parenthesis(Reading& now) {
    const std::size_t open = at_;
    skip_brackets();
    const std::string_view first = text(open + 1);
    const bool is_pointer = first == "*" || first == "&" || text(open + 2) == "::";
    if (now.is_function || now.name.empty()) return;
    if (is_pointer && here() == "(") {
      now.name = text(at_ - 2);
      skip_brackets();
      return;
    }
    if (first == "*" || first == "&") return;  // an array's
    now.is_function = true;
    if (is_one_of(now.name, kTests)) {
      for (std::size_t i = open + 1; i + 1 < at_; ++i) now.test += text(i) == "," ? "." : text(i);
    }
  }

  void operator_name(Reading& now) {
    if (!now.after_scope) now.name.clear();
    now.name += here();
    ++at_;
    if (here() == "(") {
      now.name += "()";
      at_ += 2;
    }
    // A type may have parentheses of its own, in its arguments.
    while (at_ < tokens_.size() && here() != "(") {
      if (is_name(text(at_ - 1)) && text(at_ - 1) != "operator" && skip_angles()) continue;
      if (is_name(here()) && !now.name.ends_with("::")) now.name += ' ';
      now.name += here();
      ++at_;
    }
    now.is_function = true;
    skip_brackets();
  }

  void body(const Scope& scope, const Reading& now) {
    const std::size_t open = at_;
    skip_brackets();
    const std::size_t lines =
        file_.line_of(tokens_[at_ - 1].offset) - file_.line_of(tokens_[open].offset) + 1;
    add(DefinitionKind::kFunction, joined(scope.name, now.test.empty() ? now.name : now.test),
        now.first, lines);
  }

  void add(DefinitionKind kind, std::string name, std::size_t token, std::size_t size) {
    constexpr std::string_view kProject = "gridloom::";
    if (name.starts_with(kProject)) name.erase(0, kProject.size());
    found_.push_back(
        {.kind = kind, .name = std::move(name), .offset = tokens_[token].offset, .size = size});
  }

  void declare_name(const Reading& now) {
    const auto function = now.has_body ? DeclarationKind::kInline : DeclarationKind::kFunction;
    declare(now.is_function ? function : DeclarationKind::kVariable, now.name, now);
  }

  void declare(DeclarationKind kind, std::string_view name, const Reading& now) {
    const bool is_simple = !name.empty() && std::ranges::all_of(name, is_word);
    if (!is_simple || now.is_friend) return;
    declared_.push_back(
        {.kind = kind, .name = std::string(name), .offset = tokens_[now.first].offset});
  }

  static std::string joined(std::string_view scope, std::string_view name) {
    std::string out(scope);
    if (!out.empty()) out += "::";
    return out += name;
  }

  // Over a bracket and what it encloses.
  void skip_brackets() {
    std::size_t depth = 0;
    for (; at_ < tokens_.size(); ++at_) {
      const std::string_view token = here();
      if (token == "(" || token == "[" || token == "{") ++depth;
      if ((token == ")" || token == "]" || token == "}") && --depth == 0) {
        ++at_;
        return;
      }
    }
  }

  // Over <...>. False, and nowhere else, if there is none or the < compares.
  bool skip_angles() {
    if (here() != "<") return false;
    const std::size_t from = at_;
    std::size_t depth = 0;
    while (at_ < tokens_.size() && here() != ";") {
      const std::string_view token = here();
      if (token == "(" || token == "[" || token == "{") {
        skip_brackets();
        continue;
      }
      if (token == ")" || token == "]" || token == "}") break;
      ++at_;
      if (token == "<") ++depth;
      if (token == ">" && --depth == 0) return true;
    }
    at_ = from;
    return false;
  }

  void skip_to_semicolon() {
    while (at_ < tokens_.size() && here() != ";") {
      here() == "(" || here() == "[" || here() == "{" ? skip_brackets() : void(++at_);
    }
    ++at_;
  }

  // To the comma or semicolon after it.
  void skip_initializer() {
    for (++at_; at_ < tokens_.size() && here() != "," && here() != ";" && here() != "}";) {
      if (here() == "(" || here() == "[" || here() == "{") {
        skip_brackets();
      } else if (here() != "<" || !skip_angles()) {
        ++at_;
      }
    }
  }

  // `: a_(1), b_{2}`, to the brace of the constructor's body.
  void skip_member_initializers() {
    do {
      ++at_;
      while (at_ < tokens_.size() && here() != "(" && here() != "{") {
        if (!skip_angles()) ++at_;
      }
      skip_brackets();
      while (here() == ".") ++at_;
    } while (here() == ",");
  }

  // Over a constraint: concepts and conditions in parentheses, joined by && and ||.
  void skip_requires() {
    ++at_;
    while (at_ < tokens_.size()) {
      if (here() == "requires") {  // an expression: parameters, and what must hold in braces
        ++at_;
        if (here() == "(") skip_brackets();
        skip_brackets();
      } else if (here() == "(") {
        skip_brackets();
      } else {
        for (; text(at_ + 1) == "::"; ++at_) ++at_;
        ++at_;
        skip_angles();
      }
      const bool is_joined = (here() == "&" || here() == "|") && text(at_ + 1) == here();
      if (!is_joined) return;
      at_ += 2;
    }
  }

  const Source& file_;
  Tokens tokens_;
  std::size_t at_ = 0;
  std::vector<Definition> found_;
  std::vector<Declaration> declared_;
};

}  // namespace

std::vector<Definition> definitions_of(const Source& file) {
  Parser parser(file);
  parser.run();
  return parser.take_definitions();
}

std::vector<Declaration> declarations_of(const Source& file) {
  Parser parser(file);
  parser.run();
  return parser.take_declarations();
}

}  // namespace gridloom::tidy
