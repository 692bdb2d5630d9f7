// parser_cost: counts what the parsers cost (docs/internals/parser-cost.md).
//
//   parser_cost check WORST DOCUMENT             the worst inputs known, at 1, 4 and 16 times their
//                                                length, stay within the bounds of the document
//   parser_cost search WORST CORPUS RUNS SEED [KEEP]
//                                                looks for worse ones; KEEP is a folder for them
//   parser_cost time WORST                       nanoseconds; only a release build means something
//
// WORST has a folder for each parser, with recipes (recipe.h). Exits with 1 if an input exceeds its
// bound, or if the search does not detect that a quadratic parser is quadratic.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/read_file.h"
#include "cost/parsers.h"
#include "cost/recipe.h"
#include "cost/search.h"

namespace gridloom::cost {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxOfFile = std::size_t{1024} * 1024;

struct Named {
  std::string name;
  Recipe recipe;
};

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

Result<std::vector<Named>> worst_of(const Parser& parser, const fs::path& folder) {
  std::vector<Named> known;
  for (const fs::path& file : files_in(folder / parser.name)) {
    const auto text = read_file(file, kMaxOfFile);
    if (!text) return std::unexpected(text.error());
    auto recipe = read_recipe(*text);
    if (!recipe) {
      return fail(recipe.error().code, fmt::format("{}: {}", file.string(), recipe.error().detail));
    }
    known.push_back({.name = file.stem().string(), .recipe = std::move(*recipe)});
  }
  if (known.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{} has no input for {}", folder.string(), parser.name));
  }
  return known;
}

std::string bound_text(const Bound& bound) {
  return fmt::format("{} + {} a byte", bound.fixed, bound.a_byte);
}

// Prints one line for each input and length; false: one of them exceeds the bound.
bool check_input(const Parser& parser, const Named& known) {
  bool good = true;
  const std::size_t once = bytes_of(known.recipe).size();
  for (const std::size_t times : std::initializer_list<std::size_t>{1, 4, 16}) {
    const std::string bytes =
        bytes_of(times == 1 ? known.recipe : stretched(known.recipe, once * times));
    if (bytes.size() > 2 * parser.most_bytes && times > 1) continue;
    const std::uint64_t units = cost_of(parser, bytes);
    const bool within = units <= parser.bound.of(bytes.size());
    fmt::print(
        "{:<20} {:<24} {:>7} bytes {:>9} units {:>7.1f} a byte  {}\n", parser.name, known.name,
        bytes.size(), units,
        static_cast<double>(units) / static_cast<double>(std::max<std::size_t>(bytes.size(), 1)),
        within ? "" : "BEYOND " + bound_text(parser.bound));
    good = good && within;
  }
  return good;
}

// Checks that each input and each bound has a row in the document.
bool check_document(const Parser& parser, const std::vector<Named>& known, std::string_view text) {
  bool good = true;
  const auto demand = [&](const std::string& row) {
    if (text.contains(row)) return;
    fmt::print("the document has no row with \"{}\"\n", row);
    good = false;
  };
  demand(fmt::format("| `{}` | {} |", parser.name, bound_text(parser.bound)));
  for (const Named& one : known) demand(fmt::format("| `{}/{}` |", parser.name, one.name));
  return good;
}

int check(const fs::path& folder, const fs::path& document) {
  const auto text = read_file(document, kMaxOfFile);
  if (!text) return fmt::print(stderr, "{}\n", text.error().detail), 2;
  bool good = true;
  for (const Parser& parser : parsers()) {
    const auto known = worst_of(parser, folder);
    if (!known) return fmt::print(stderr, "{}\n", known.error().detail), 2;
    parser.read({});
    for (const Named& one : *known) good = check_input(parser, one) && good;
    good = check_document(parser, *known, *text) && good;
  }
  return good ? 0 : 1;
}

// Adds the first inputs of different lengths from the corpora of the fuzz targets.
void add_corpus(const Parser& parser, const fs::path& corpus, std::vector<Recipe>& known) {
  constexpr std::size_t kMax = 40;
  for (const fs::path& file : files_in(corpus / parser.corpus)) {
    const auto bytes = read_file(file, kMaxOfFile);
    if (!bytes || bytes->size() <= parser.skip) continue;
    if (known.size() >= kMax) break;
    known.push_back({{.bytes = bytes->substr(parser.skip)}});
  }
}

void keep(const Parser& parser, const Found& found, const fs::path& folder) {
  fs::create_directories(folder / parser.name);
  std::ofstream out(folder / parser.name / fmt::format("found-{}.txt", found.bytes));
  out << to_text(found.recipe);
}

struct SearchOrder {
  fs::path worst;
  fs::path corpus;
  std::size_t executions = 0;
  std::uint64_t seed = 0;
  std::optional<fs::path> keep;
};

bool search_one(const Parser& parser, const SearchOrder& order, const std::vector<Recipe>& known) {
  const SearchResult result = search(parser, known, order.executions, order.seed);
  for (const Found& found : result.worst) {
    fmt::print("{:<20} {:>7} bytes {:>9} units {:>7.1f} a byte\n", parser.name, found.bytes,
               found.units, found.units_a_byte());
    if (order.keep) keep(parser, found, *order.keep);
  }
  for (const Found& found : result.beyond) {
    fmt::print("{}: {} bytes cost {} units, BEYOND {}:\n{:.4000}", parser.name, found.bytes,
               found.units, bound_text(parser.bound), to_text(found.recipe));
  }
  std::fflush(stdout);
  return result.beyond.empty();
}

int search_all(const SearchOrder& order) {
  bool good = true;
  for (const Parser& parser : parsers()) {
    const auto worst = worst_of(parser, order.worst);
    if (!worst) return fmt::print(stderr, "{}\n", worst.error().detail), 2;
    std::vector<Recipe> known;
    for (const Named& one : *worst) known.push_back(one.recipe);
    add_corpus(parser, order.corpus, known);
    good = search_one(parser, order, known) && good;
  }
  const std::vector<Recipe> plain = {{{.bytes = "{\"a\":1,\"b\":2}"}}};
  if (search(quadratic_parser(), plain, order.executions, order.seed).beyond.empty()) {
    fmt::print("the search did not find what a quadratic parser costs\n");
    good = false;
  }
  return good ? 0 : 1;
}

int time_all(const fs::path& folder) {
  using Steady = std::chrono::steady_clock;
  constexpr int kRuns = 30;
  for (const Parser& parser : parsers()) {
    const auto known = worst_of(parser, folder);
    if (!known) return fmt::print(stderr, "{}\n", known.error().detail), 2;
    for (const Named& one : *known) {
      const std::string bytes = bytes_of(one.recipe);
      double best_ns = 1e18;
      for (int i = 0; i < kRuns; ++i) {
        const auto begun = Steady::now();
        parser.read(bytes);
        best_ns = std::min(best_ns,
                           std::chrono::duration<double, std::nano>(Steady::now() - begun).count());
      }
      fmt::print("{:<20} {:<24} {:>7} bytes {:>8.1f} us {:>7.1f} ns a byte\n", parser.name,
                 one.name, bytes.size(), best_ns / 1000,
                 best_ns / static_cast<double>(bytes.size()));
    }
  }
  return 0;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

int run(std::span<const std::string> words) {
  const std::string_view command = words.empty() ? std::string_view() : words[0];
  if (command == "check" && words.size() == 3) return check(words[1], words[2]);
  if (command == "time" && words.size() == 2) return time_all(words[1]);
  if (command == "search" && (words.size() == 5 || words.size() == 6)) {
    const auto executions = number_of(words[3]);
    const auto seed = number_of(words[4]);
    if (executions && seed) {
      SearchOrder order{.worst = words[1],
                        .corpus = words[2],
                        .executions = static_cast<std::size_t>(*executions),
                        .seed = *seed,
                        .keep = {}};
      if (words.size() == 6) order.keep = words[5];
      return search_all(order);
    }
  }
  fmt::print(stderr,
             "usage: parser_cost check WORST DOCUMENT | search WORST CORPUS RUNS SEED [KEEP] | "
             "time WORST\n");
  return 2;
}

}  // namespace
}  // namespace gridloom::cost

int main(int count, char** values) {
  const std::vector<std::string> words(values + 1, values + count);
  return gridloom::cost::run(words);
}
