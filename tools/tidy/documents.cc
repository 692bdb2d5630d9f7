// Checks that files named in the documentation exist. Every word of a *.md file that looks like a
// path of this tree must be one. Placeholders (<room>, *, {a,b}, ...) and build outputs may differ.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

constexpr std::array<std::string_view, 7> kSourceEndings = {".cc", ".h",  ".yaml", ".md",
                                                            ".py", ".js", ".cmake"};

bool is_path_char(char c) {
  return is_word(c) || c == '.' || c == '/' || c == '-' || c == '+' || c == '@';
}

// Words inside a placeholder or a URL are not paths of this tree.
bool is_part_of_more(std::string_view line, std::size_t from, std::size_t to) {
  constexpr std::string_view kMore = "<>*{}$~:%[";
  const bool before = from > 0 && kMore.contains(line[from - 1]);
  // A colon after a path may begin a line number or end a sentence.
  const bool after = to < line.size() && line[to] != ':' && kMore.contains(line[to]);
  return before || after;
}

bool ends_like_source(std::string_view word) {
  return std::ranges::any_of(kSourceEndings,
                             [word](std::string_view ending) { return word.ends_with(ending); });
}

struct Places {
  const Tree& tree;
  std::set<std::string> top;       // folders of the root
  std::vector<std::string> homes;  // of rooms: src/ and its wings
};

Places places_in(const Tree& tree) {
  Places places{.tree = tree, .top = tree.folders(""), .homes = {"src"}};
  for (const std::string& wing : tree.folders("src")) {
    places.homes.push_back(fmt::format("src/{}", wing));
  }
  return places;
}

// "wire/json.h" is the form in which the code names a header; "http/mqtt" is prose.
bool is_missing(const Places& places, std::string_view word) {
  const std::string first(word.substr(0, word.find('/')));
  if (places.top.contains(first)) return !places.tree.has(word);
  const auto is_in = [&](std::string_view path) {
    return std::ranges::any_of(places.homes, [&](const std::string& home) {
      return places.tree.has(fmt::format("{}/{}", home, path));
    });
  };
  return ends_like_source(word) && is_in(fmt::format("{}/", first)) && !is_in(word);
}

void check_line(const Places& places, const Source& file, std::size_t number, Report& report) {
  const std::string_view line = file.line(number);
  for (std::size_t at = 0; at < line.size();) {
    std::size_t end = at;
    while (end < line.size() && is_path_char(line[end])) ++end;
    std::string_view word = line.substr(at, end - at);
    const bool more = is_part_of_more(line, at, end);
    at = std::max(end, at + 1);
    if (word.starts_with("./")) word.remove_prefix(2);
    if (word.contains("...") || word.contains("//")) continue;
    while (word.ends_with('.')) word.remove_suffix(1);
    if (more || !word.contains('/') || !is_missing(places, word)) continue;
    report.at_line(file, number, fmt::format("there is no {}", word),
                   "name the file as it is called now");
  }
}

}  // namespace

void check_documents(const Tree& tree, Report& report) {
  const Places places = places_in(tree);
  for (const Source& file : tree.files()) {
    if (!file.path().ends_with(".md")) continue;
    for (std::size_t number = 1; number <= file.line_count(); ++number) {
      check_line(places, file, number, report);
    }
  }
}

}  // namespace gridloom::tidy
