// Calls and words for which the project has a better form. A rule is a row of a table with its
// remedy; rules that do not fit a row (new, delete, using namespace) are functions.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

enum class Scope : std::uint8_t { kEverywhere, kOutsideTests };

struct Cure {
  std::string_view text;
  Scope scope = Scope::kOutsideTests;
};
constexpr Cure kAwait = {"wait for the event itself: a posted task, a timer, a condition variable",
                         Scope::kEverywhere};
constexpr Cure kNoShell = {"call the library that does it; no shell between", Scope::kEverywhere};
constexpr Cure kString = {"std::string, or fmt::format_to_n into a buffer"};
constexpr Cure kNumber = {"std::from_chars: no locale, no exception, and it says where it stopped"};
constexpr Cure kSplit = {"cut a std::string_view with find and substr"};
constexpr Cure kTime = {"std::chrono with base/clock.h"};
constexpr Cure kZone = {"src/core/time: the zone is an argument there, not the process's"};
constexpr Cure kChance = {"Chance (base/chance.h) for repeatable, random_key for secret values",
                          Scope::kEverywhere};
constexpr Cure kFmt = {"fmt::print or fmt::format"};
constexpr Cure kRegex = {
    "write the few lines of a parser: it is slow and recurses by input length"};

struct BannedCall {
  std::string_view name;
  Cure cure;
};
constexpr std::array kBannedCalls = std::to_array<BannedCall>({
    {"sleep", kAwait},     {"usleep", kAwait},      {"nanosleep", kAwait},
    {"sleep_for", kAwait}, {"sleep_until", kAwait}, {"system", kNoShell},
    {"popen", kNoShell},   {"strcpy", kString},     {"strncpy", kString},
    {"strcat", kString},   {"strncat", kString},    {"gets", kString},
    {"sprintf", kString},  {"vsprintf", kString},   {"atoi", kNumber},
    {"atol", kNumber},     {"atoll", kNumber},      {"atof", kNumber},
    {"strtol", kNumber},   {"strtoll", kNumber},    {"strtoul", kNumber},
    {"strtoull", kNumber}, {"strtod", kNumber},     {"strtof", kNumber},
    {"stoi", kNumber},     {"stol", kNumber},       {"stoll", kNumber},
    {"stoul", kNumber},    {"stoull", kNumber},     {"stod", kNumber},
    {"stof", kNumber},     {"sscanf", kNumber},     {"strtok", kSplit},
    {"gmtime", kTime},     {"localtime", kZone},    {"ctime", kTime},
    {"gmtime_r", kZone},   {"localtime_r", kZone},  {"mktime", kZone},
    {"timegm", kZone},     {"strftime", kZone},     {"strptime", kZone},
    {"tzset", kZone},      {"asctime", kTime},      {"rand", kChance},
    {"srand", kChance},    {"random", kChance},     {"drand48", kChance},
    {"printf", kFmt},      {"fprintf", kFmt},       {"snprintf", kFmt},
    {"vprintf", kFmt},     {"vfprintf", kFmt},      {"vsnprintf", kFmt},
    {"puts", kFmt},        {"putchar", kFmt},       {"regex", kRegex},
    {"wregex", kRegex},    {"regex_match", kRegex}, {"regex_search", kRegex},
    {"smatch", kRegex},    {"cmatch", kRegex},      {"regex_replace", kRegex},
});
// Types and templates, which count also without a following parenthesis.
constexpr std::array<std::string_view, 4> kBannedTypes = {"regex", "wregex", "smatch", "cmatch"};

constexpr std::array<std::string_view, 4> kUnfinished = {"TODO", "FIXME", "XXX", "HACK"};

using Tokens = std::vector<Token>;

std::string_view text_at(const Tokens& tokens, std::size_t index) {
  return index < tokens.size() ? tokens[index].text : std::string_view();
}

// std::f, ::f and f, but no member f and no f of another namespace.
bool is_free_name(const Tokens& tokens, std::size_t index) {
  const std::string_view before = text_at(tokens, index - 1);
  if (before == "." || before == "->") return false;
  if (before != "::") return true;
  const std::string_view scope = text_at(tokens, index - 2);
  return scope == "std" || scope == "this_thread" || scope.empty() || !is_word(scope[0]);
}

void check_calls(const Source& file, const Tokens& tokens, Report& report) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto row = std::ranges::find(kBannedCalls, tokens[i].text, &BannedCall::name);
    if (row == kBannedCalls.end() || !is_free_name(tokens, i)) continue;
    if (file.is_test() && row->cure.scope == Scope::kOutsideTests) continue;
    const bool is_type = text_at(tokens, i - 1) == "::" &&
                         std::ranges::find(kBannedTypes, row->name) != kBannedTypes.end();
    if (text_at(tokens, i + 1) != "(" && !is_type) continue;
    report.at(file, tokens[i].offset, fmt::format("{} is not used here", row->name),
              std::string(row->cure.text));
  }
}

// unique_ptr<T>(new T(…)) or unique_ptr<T> name(new T(…)): the only way to create an object whose
// constructor is private.
bool is_owned_at_once(const Tokens& tokens, std::size_t index) {
  if (index < 3 || tokens[index - 1].text != "(") return false;
  std::size_t close = index - 2;
  if (is_word(tokens[close].text[0])) --close;
  if (tokens[close].text != ">") return false;
  std::size_t depth = 0;
  for (std::size_t i = close; i > 0; --i) {
    if (tokens[i].text == ">") ++depth;
    if (tokens[i].text == "<" && --depth == 0) {
      const std::string_view owner = tokens[i - 1].text;
      return owner == "unique_ptr" || owner == "shared_ptr";
    }
  }
  return false;
}

void check_ownership(const Source& file, const Tokens& tokens, Report& report) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view before = text_at(tokens, i - 1);
    const bool is_header_name = before == "<" && text_at(tokens, i - 2) == "include";
    if (before == "operator" || is_header_name) continue;
    if (tokens[i].text == "new" && !is_owned_at_once(tokens, i)) {
      report.at(file, tokens[i].offset, "a bare new",
                "std::make_unique, or unique_ptr<T>(new T(...)) where the constructor is private");
    }
    if (tokens[i].text == "delete" && before != "=") {
      report.at(file, tokens[i].offset, "a bare delete", "let a std::unique_ptr own it");
    }
  }
}

void check_using(const Source& file, const Tokens& tokens, Report& report) {
  if (!file.is_header()) return;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].text == "using" && tokens[i + 1].text == "namespace") {
      report.at(file, tokens[i].offset, "using namespace in a header",
                "name what is used; every includer would get the rest");
    }
  }
}

bool is_whole_word(std::string_view text, std::size_t at, std::size_t length) {
  return (at == 0 || !is_word(text[at - 1])) &&
         (at + length == text.size() || !is_word(text[at + length]));
}

void check_unfinished(const Source& file, Report& report) {
  const std::string_view text = file.comments();
  for (const std::string_view word : kUnfinished) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
      if (!is_whole_word(text, at, word.size())) continue;
      report.at(file, at, fmt::format("{} in the tree", word), "do it, or open an issue");
    }
  }
}

}  // namespace

void check_words(const Tree& tree, Report& report) {
  for (const Source& file : tree.files()) {
    check_unfinished(file, report);
    if (!file.is_cpp()) continue;
    const Tokens tokens = file.tokens();
    check_calls(file, tokens, report);
    check_ownership(file, tokens, report);
    check_using(file, tokens, report);
  }
}

}  // namespace gridloom::tidy
