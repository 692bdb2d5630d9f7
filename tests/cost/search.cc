#include "cost/search.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/chance.h"
#include "cost/counter.h"

namespace gridloom::cost {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxPieces = 12;
constexpr std::size_t kMaxPieceBytes = 2048;
constexpr std::size_t kKept = 6;  // per size

// Tokens that the parsers recognize: inserting one of them often reaches new code.
constexpr std::array kWords = {"\r\n"sv,
                               "\r\n\r\n"sv,
                               "\r"sv,
                               "\n"sv,
                               "GET / HTTP/1.1\r\n\r\n"sv,
                               "a:b\r\n"sv,
                               "1\r\nx\r\n"sv,
                               "0\r\n\r\n"sv,
                               "Transfer-Encoding: chunked\r\n"sv,
                               "{"sv,
                               "}"sv,
                               "["sv,
                               "]"sv,
                               "\""sv,
                               "\"a\":"sv,
                               ","sv,
                               "{\"a\":"sv,
                               "[[]],"sv,
                               "\"\\u0000\""sv,
                               "\\"sv,
                               "\\n"sv,
                               "\\ud83d\\ude00"sv,
                               "1e-308"sv,
                               "0.1"sv,
                               "123456789"sv,
                               "true"sv,
                               "null"sv,
                               "\"params\":{"sv,
                               " "sv,
                               "&"sv,
                               "="sv,
                               "a=1&"sv,
                               "%41"sv,
                               "+"sv,
                               "."sv,
                               "[0]"sv,
                               "a."sv,
                               "%5B"sv,
                               "/"sv,
                               "#"sv,
                               "$share/g/"sv,
                               "+/"sv,
                               "\0"sv,
                               "\0\1a"sv,
                               "\0\1a\0"sv,
                               "\x26\0\1a\0\1b"sv,
                               "\xc0\0"sv,
                               "\x30\3\0\1t"sv,
                               "\x32\6\0\1t\0\1\0"sv,
                               "\x34\6\0\1t\0\1\0"sv,
                               "\x62\2\0\1"sv,
                               "\x82\7\0\1\0\0\1a\0"sv,
                               "\xa2\6\0\1\0\0\1a"sv,
                               "\x82\x80\0\0\0\0"sv,
                               "\x89\x80\0\0\0\0"sv,
                               "\x82\x81\0\0\0\0x"sv,
                               "\xc3\xa9"sv,
                               "\xf0\x9f\x98\x80"sv,
                               "\xff"sv};

class Mutator {
 public:
  explicit Mutator(Chance chance) : chance_(chance) {}

  std::size_t below(std::size_t count) { return chance_.bits(index_++) % count; }

  Recipe mutate(Recipe recipe, const Recipe& other) {
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      if (recipe.empty()) recipe.push_back({});
      change(recipe, other);
      std::erase_if(recipe, [](const Piece& piece) {
        return piece.times == 0 || (piece.bytes.empty() && !piece.number_at);
      });
      if (recipe.size() > kMaxPieces) recipe.resize(kMaxPieces);
    }
    if (recipe.empty()) recipe.push_back({});
    return recipe;
  }

 private:
  void change(Recipe& recipe, const Recipe& other) {
    const std::size_t at = below(recipe.size());
    Piece& piece = recipe[at];
    switch (below(12)) {
      case 0:
      case 1:
        return repeat_part(recipe, at);
      case 2:
        return edit(piece, kWords.at(below(kWords.size())), 0);
      case 3:
        return edit(piece, kWords.at(below(kWords.size())), below(4));
      case 4:
        return edit(piece, {}, below(8) + 1);
      case 5: {
        const std::array byte = {static_cast<char>(below(256))};
        return edit(piece, {byte.data(), 1}, below(2));
      }
      case 6:
        piece.times = std::min<std::size_t>(piece.times * (below(15) + 2), 100'000);
        return;
      case 7:
        piece.times = piece.times / (below(8) + 2) + below(3);
        return;
      case 8:
        if (recipe.size() > 1) recipe.erase(recipe.begin() + static_cast<std::ptrdiff_t>(at));
        return;
      case 9:
        std::swap(recipe[at], recipe[below(recipe.size())]);
        return;
      case 10:
        piece.number_at =
            below(3) == 0 ? std::nullopt : std::optional(below(piece.bytes.size() + 1));
        return;
      default:
        return take_from(recipe, at, other);
    }
  }

  // Splits a piece into before, part and after, and repeats the part many times.
  void repeat_part(Recipe& recipe, std::size_t at) {
    const Piece whole = recipe[at];
    if (whole.bytes.empty()) return;
    const std::size_t from = below(whole.bytes.size());
    const std::size_t size = 1 + below(std::min<std::size_t>(whole.bytes.size() - from, 24));
    const Piece part{.bytes = whole.bytes.substr(from, size), .times = 2 + below(2000)};
    recipe[at] = {.bytes = whole.bytes.substr(0, from), .times = whole.times};
    const auto behind = recipe.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    recipe.insert(behind, {part, {.bytes = whole.bytes.substr(from + size)}});
  }

  void edit(Piece& piece, std::string_view with, std::size_t instead_of) {
    const std::size_t from = below(piece.bytes.size() + 1);
    piece.bytes.replace(from, std::min(instead_of, piece.bytes.size() - from), with);
    if (piece.bytes.size() > kMaxPieceBytes) piece.bytes.resize(kMaxPieceBytes);
    if (piece.number_at) piece.number_at = std::min(*piece.number_at, piece.bytes.size());
  }

  void take_from(Recipe& recipe, std::size_t at, const Recipe& other) {
    if (other.empty()) return;
    const std::size_t from = below(other.size());
    const std::size_t count = 1 + below(other.size() - from);
    const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
    recipe.insert(recipe.begin() + static_cast<std::ptrdiff_t>(at), begin,
                  begin + static_cast<std::ptrdiff_t>(count));
  }

  Chance chance_;
  std::uint64_t index_ = 0;
};

// The most expensive inputs of roughly one size.
class Population {
 public:
  explicit Population(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  [[nodiscard]] std::size_t most_bytes() const { return most_bytes_; }
  [[nodiscard]] const std::vector<Found>& kept() const { return kept_; }

  void add(Found found) {
    const auto is_worse = [](const Found& a, const Found& b) {
      return a.units_a_byte() > b.units_a_byte();
    };
    const auto at = std::ranges::upper_bound(kept_, found, is_worse);
    // An equal cost usually means an equivalent input.
    if (at != kept_.begin() && std::prev(at)->units == found.units) return;
    kept_.insert(at, std::move(found));
    if (kept_.size() > kKept) kept_.pop_back();
  }

 private:
  std::size_t most_bytes_;
  std::vector<Found> kept_;
};

Found measured(const Parser& parser, Recipe recipe, std::size_t most_bytes) {
  Found found{.recipe = std::move(recipe)};
  std::string bytes = bytes_of(found.recipe);
  if (bytes.size() > most_bytes) bytes.resize(most_bytes);
  found.bytes = bytes.size();
  found.units = cost_of(parser, bytes);
  return found;
}

}  // namespace

double Found::units_a_byte() const {
  // A few bytes are not a pattern: only the fixed cost of each call would be measured.
  constexpr std::size_t kFew = 256;
  return static_cast<double>(units) / static_cast<double>(std::max(bytes, kFew));
}

std::uint64_t cost_of(const Parser& parser, std::string_view bytes) {
  const std::uint64_t before = units_spent();
  parser.read(bytes);
  return units_spent() - before;
}

SearchResult search(const Parser& parser, const std::vector<Recipe>& known, std::size_t executions,
                    std::uint64_t seed) {
  static constexpr std::array<std::size_t, 4> kSizes = {512, 4096, 16'384, 262'144};
  parser.read({});
  std::vector<Population> populations;
  for (const std::size_t size : kSizes) {
    populations.emplace_back(std::min(size, parser.most_bytes));
    if (size >= parser.most_bytes) break;
  }
  SearchResult result;
  const auto look_at = [&](Recipe recipe, Population& population) {
    Found found =
        measured(parser, stretched(recipe, population.most_bytes()), population.most_bytes());
    if (found.units > parser.bound.of(found.bytes)) result.beyond.push_back(found);
    population.add(std::move(found));
  };
  for (const Recipe& recipe : known) {
    for (Population& population : populations) look_at(recipe, population);
  }
  Mutator mutator(Chance(seed).split(parser.name));
  for (std::size_t i = 0; i < executions && result.beyond.empty(); ++i) {
    // Small inputs are tried more often, because they are cheap.
    std::size_t which =
        std::min(mutator.below(populations.size()), mutator.below(populations.size()));
    const auto& parents = populations[mutator.below(populations.size())].kept();
    const Recipe& parent = parents[mutator.below(parents.size())].recipe;
    const Recipe& other = mutator.below(3) == 0 ? known[mutator.below(known.size())]
                                                : parents[mutator.below(parents.size())].recipe;
    look_at(mutator.mutate(parent, other), populations[which]);
  }
  for (const Population& population : populations) {
    result.worst.push_back(population.kept().front());
  }
  return result;
}

}  // namespace gridloom::cost
