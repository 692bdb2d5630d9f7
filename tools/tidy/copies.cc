// Finds near-copies: two regions of production files that are the same but for the words in them.
// Each identifier (with its qualification), number and string counts as any other; keywords and
// punctuation have to agree. A change in one of such regions is easily forgotten in the other.
//
// Regions are compared token by token, so that other line breaks do not hide a copy. kSeedTokens
// equal tokens in a row begin a region, which then is extended as far as the tokens agree; it is a
// near-copy if it fills kLeastLines lines of code in one of the files. Lines have nine tokens on
// average, and thirty in a row that differ enough never fewer than the seed.
//
// Tables, and lists of declarations or of calls that all look alike, are the same as themselves
// shifted by a row. They are no copies: a region needs kLeastDifferentLines different lines.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

constexpr std::size_t kSeedTokens = 70;
constexpr std::size_t kLeastLines = 30;
constexpr std::size_t kLeastDifferentLines = 10;

// Folders that may have near-copies of each other.
struct Allowed {
  std::string_view folder;
  std::string_view other;
};
constexpr std::array kAllowed = std::to_array<Allowed>({
    // The stores in SQLite and in PostgreSQL are to become one store over two engines.
    {"src/core/history/sqlite/", "src/cluster/database/history/"},
    {"src/core/registry/sqlite/", "src/cluster/database/registry/"},
    {"src/core/mqtt/sqlite/", "src/cluster/database/mqtt/"},
    // The simulator's models in C++ are to become files of physics, as most families' are.
    {"src/lab/sim/", "src/lab/sim/"},
});

constexpr std::array kKeywords = std::to_array<std::string_view>(
    {"alignas",   "auto",        "bool",     "break",    "case",     "catch",     "char",
     "class",     "co_await",    "co_yield", "concept",  "const",    "constexpr", "constinit",
     "continue",  "co_return",   "decltype", "default",  "delete",   "do",        "double",
     "else",      "enum",        "explicit", "extern",   "false",    "final",     "float",
     "for",       "friend",      "if",       "inline",   "int",      "long",      "mutable",
     "namespace", "new",         "noexcept", "nullptr",  "operator", "override",  "private",
     "protected", "public",      "requires", "return",   "short",    "signed",    "sizeof",
     "static",    "static_cast", "struct",   "switch",   "template", "this",      "throw",
     "true",      "try",         "typedef",  "typename", "union",    "unsigned",  "using",
     "virtual",   "void",        "volatile", "while"});

using Kind = std::uint16_t;
constexpr Kind kEndOfFile = 0;
constexpr Kind kIdentifier = 1;
constexpr Kind kNumber = 2;
constexpr Kind kString = 3;
constexpr Kind kArrow = 4;
constexpr Kind kScope = 5;
constexpr Kind kKeyword = 16;       // and one more for each keyword
constexpr Kind kPunctuation = 256;  // plus the character

Kind kind_of(std::string_view token) {
  if (token == "->") return kArrow;
  if (token == "::") return kScope;
  if (!is_word(token[0]))
    return static_cast<Kind>(kPunctuation + static_cast<unsigned char>(token[0]));
  if (token[0] >= '0' && token[0] <= '9') return kNumber;
  const auto* const keyword = std::ranges::find(kKeywords, token);
  if (keyword == kKeywords.end()) return kIdentifier;
  return static_cast<Kind>(kKeyword + (keyword - kKeywords.begin()));
}

bool is_compared(const Source& file) {
  return file.is_cpp() && file.under("src/") && !file.is_test() &&
         !file.path().contains("conformance");
}

// The tokens of all files, one behind the other with an end behind each file.
struct Tokens {
  std::vector<Kind> kinds;
  std::vector<std::uint32_t> lines;   // in the file
  std::vector<std::uint32_t> shapes;  // of their lines: equal for lines with the same kinds
  std::vector<const Source*> files;
};

class Reader {
 public:
  explicit Reader(const Tree& tree) {
    for (const Source& file : tree.files()) {
      if (is_compared(file)) read(file);
    }
  }

  [[nodiscard]] Tokens take() { return std::move(out_); }

 private:
  void read(const Source& file) {
    const std::vector<Token> tokens = file.tokens();
    std::size_t line = 0;
    bool is_directive = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const std::size_t next = file.line_of(tokens[i].offset);
      if (next != line) {
        end_line();
        is_directive = tokens[i].text == "#";
        line = next;
      }
      // A name is one token with its qualification.
      const bool is_scope =
          tokens[i].text == "::" || (i + 1 < tokens.size() && tokens[i + 1].text == "::");
      if (!is_directive && !is_scope) add(file, line, kind_of(tokens[i].text));
    }
    end_line();
    add(file, line, kEndOfFile);
    end_line();
  }

  // Literals behind each other, and the parts of a number, are one token.
  void add(const Source& file, std::size_t line, Kind kind) {
    const Kind last = out_.kinds.empty() ? kEndOfFile : out_.kinds.back();
    if (last == kind && (kind == kString || kind == kNumber)) return;
    if (last == kNumber && kind == kind_of(".")) return;
    out_.kinds.push_back(kind);
    out_.lines.push_back(static_cast<std::uint32_t>(line));
    out_.files.push_back(&file);
  }

  void end_line() {
    const std::size_t from = out_.shapes.size();
    if (from == out_.kinds.size()) return;
    std::vector<Kind> line(out_.kinds.begin() + static_cast<std::ptrdiff_t>(from),
                           out_.kinds.end());
    const auto id = static_cast<std::uint32_t>(shapes_.size());
    out_.shapes.resize(out_.kinds.size(), shapes_.try_emplace(std::move(line), id).first->second);
  }

  Tokens out_;
  std::map<std::vector<Kind>, std::uint32_t> shapes_;
};

// The places in the tokens where two regions of the same size begin.
struct Pair {
  std::size_t first = 0;
  std::size_t second = 0;
  std::size_t size = 0;
};

class Search {
 public:
  explicit Search(const Tokens& tokens) : tokens_(tokens) {}

  // One pair at most for two regions, the longest first.
  [[nodiscard]] std::vector<Pair> run() {
    const std::vector<Seed> seeds = sorted_seeds();
    for (std::size_t from = 0; from < seeds.size();) {
      std::size_t end = from + 1;
      while (end < seeds.size() && seeds[end].hash == seeds[from].hash) ++end;
      for (std::size_t i = from; i < end; ++i) {
        for (std::size_t j = i + 1; j < end; ++j) extend(seeds[i].at, seeds[j].at);
      }
      from = end;
    }
    return longest();
  }

 private:
  struct Seed {
    std::uint64_t hash = 0;
    std::size_t at = 0;
    auto operator<=>(const Seed&) const = default;
  };

  // Seeds across the end of a file agree with none: the second of their pair would have to end
  // there too.
  [[nodiscard]] std::vector<Seed> sorted_seeds() const {
    constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15;
    std::uint64_t first_weight = 1;
    for (std::size_t i = 0; i < kSeedTokens; ++i) first_weight *= kBase;
    std::vector<Seed> seeds;
    std::uint64_t hash = 0;
    for (std::size_t end = 0; end < tokens_.kinds.size(); ++end) {
      hash = hash * kBase + tokens_.kinds[end] + 1;
      if (end >= kSeedTokens) hash -= first_weight * (tokens_.kinds[end - kSeedTokens] + 1U);
      if (end + 1 >= kSeedTokens) seeds.push_back({.hash = hash, .at = end + 1 - kSeedTokens});
    }
    std::ranges::sort(seeds);
    return seeds;
  }

  // Keeps the pair if it begins as far to the left as the tokens agree, and is a near-copy.
  void extend(std::size_t first, std::size_t second) {
    const auto& kinds = tokens_.kinds;
    const auto agree = [&](std::size_t one, std::size_t other) {
      return kinds[one] == kinds[other] && kinds[one] != kEndOfFile;
    };
    if (first > 0 && agree(first - 1, second - 1)) return;
    std::size_t size = 0;
    while (first + size < second && second + size < kinds.size() &&
           agree(first + size, second + size)) {
      ++size;
    }
    if (size < kSeedTokens || is_uniform(first, size)) return;
    if (std::max(lines_in(first, size), lines_in(second, size)) < kLeastLines) return;
    if (!is_allowed(*tokens_.files[first], *tokens_.files[second])) {
      pairs_.push_back({.first = first, .second = second, .size = size});
    }
  }

  [[nodiscard]] bool is_uniform(std::size_t from, std::size_t size) const {
    const auto begin = tokens_.shapes.begin() + static_cast<std::ptrdiff_t>(from);
    const std::set<std::uint32_t> shapes(begin, begin + static_cast<std::ptrdiff_t>(size));
    return shapes.size() < kLeastDifferentLines;
  }

  [[nodiscard]] std::size_t lines_in(std::size_t from, std::size_t size) const {
    std::size_t lines = 1;
    for (std::size_t i = from + 1; i < from + size; ++i) {
      if (tokens_.lines[i] != tokens_.lines[i - 1]) ++lines;
    }
    return lines;
  }

  static bool is_allowed(const Source& one, const Source& other) {
    return std::ranges::any_of(kAllowed, [&](const Allowed& row) {
      return (one.under(row.folder) && other.under(row.other)) ||
             (other.under(row.folder) && one.under(row.other));
    });
  }

  [[nodiscard]] std::vector<Pair> longest() {
    std::ranges::sort(pairs_, [](const Pair& one, const Pair& other) {
      return std::tie(other.size, one.first, one.second) <
             std::tie(one.size, other.first, other.second);
    });
    std::vector<Pair> out;
    for (const Pair& pair : pairs_) {
      const bool is_new = std::ranges::none_of(out, [&](const Pair& other) {
        return overlap(pair.first, other.first, pair.size, other.size) &&
               overlap(pair.second, other.second, pair.size, other.size);
      });
      if (is_new) out.push_back(pair);
    }
    return out;
  }

  static bool overlap(std::size_t one, std::size_t other, std::size_t size,
                      std::size_t other_size) {
    return one < other + other_size && other < one + size;
  }

  const Tokens& tokens_;
  std::vector<Pair> pairs_;
};

}  // namespace

void check_copies(const Tree& tree, Report& report) {
  const Tokens tokens = Reader(tree).take();
  for (const Pair& pair : Search(tokens).run()) {
    const std::size_t end = pair.first + pair.size - 1;
    report.at_line(*tokens.files[pair.first], tokens.lines[pair.first],
                   fmt::format("up to line {}, this is {}:{} with other words", tokens.lines[end],
                               tokens.files[pair.second]->path(), tokens.lines[pair.second]),
                   "make one function or class of both");
  }
}

}  // namespace gridloom::tidy
