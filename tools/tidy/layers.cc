// Checks the form of layers.txt (which the build reads too, in cmake/rooms.cmake) and that includes
// respect the layers: the linker would let a folder use a header of a folder above it.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

using Rooms = std::map<std::string, std::set<std::string>, std::less<>>;

std::string joined(const std::set<std::string>& rooms) {
  return rooms.empty() ? "nothing" : fmt::format("{}", fmt::join(rooms, ", "));
}

Rooms read_rows(const Source& layers, Report& report) {
  Rooms rooms;
  for (std::size_t number = 1; number <= layers.line_count(); ++number) {
    const std::string line(layers.line(number));
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      report.at_line(layers, number, "a row without a colon", "write `room: rooms below it`");
      continue;
    }
    const std::string room = line.substr(0, colon);
    std::set<std::string> below;
    std::istringstream words(line.substr(colon + 1));
    for (std::string word; words >> word;) {
      if (!rooms.contains(word)) {
        report.at_line(layers, number, fmt::format("'{}' is named before its own row", word),
                       "order the rows bottom-up");
      }
      below.insert(word);
    }
    if (!rooms.emplace(room, std::move(below)).second) {
      report.at_line(layers, number, fmt::format("a second row for '{}'", room), "keep one");
    }
  }
  return rooms;
}

// The path of #include "…", if the line is one.
std::optional<std::string_view> quoted_include(std::string_view line) {
  constexpr std::string_view kInclude = "#include \"";
  if (!line.starts_with(kInclude)) return std::nullopt;
  line.remove_prefix(kInclude.size());
  return line.substr(0, line.find('"'));
}

void check_include(const Tree& tree, const Rooms& rooms, const Source& file, std::size_t number,
                   Report& report) {
  const auto target = quoted_include(file.line(number));
  if (!target) return;
  const std::size_t slash = target->find('/');
  if (slash == std::string_view::npos || !tree.has(fmt::format("src/{}", *target))) {
    report.at_line(file, number, fmt::format("\"{}\" is no file of src/", *target),
                   "write it from src/, as in \"base/result.h\"; a library's in angle brackets");
    return;
  }
  const std::string_view inside = std::string_view(file.path()).substr(4);
  const std::size_t own = inside.find('/');
  if (own == std::string_view::npos) return;  // main.cc
  const std::string_view room = inside.substr(0, own);
  const auto row = rooms.find(room);
  const std::string other(target->substr(0, slash));
  if (other == room || row == rooms.end() || row->second.contains(other)) return;
  report.at_line(
      file, number, fmt::format("'{}' may not include '{}'", room, other),
      fmt::format("layers.txt lets it include {}: pass in what it needs, or move the code",
                  joined(row->second)));
}

}  // namespace

void check_layers(const Tree& tree, Report& report) {
  const Source* layers = tree.find("layers.txt");
  if (layers == nullptr) return;
  const Rooms rooms = read_rows(*layers, report);
  const std::set<std::string> folders = tree.folders("src");
  for (const std::string& folder : folders) {
    if (!rooms.contains(folder)) {
      report.at_line(*layers, 1, fmt::format("src/{} has no row", folder),
                     "add one below the rooms that it uses");
    }
  }
  for (const auto& [room, below] : rooms) {
    if (!folders.contains(room)) {
      report.at_line(*layers, 1, fmt::format("there is no src/{}", room), "remove its row");
    }
  }
  for (const Source& file : tree.files()) {
    if (!file.is_cpp() || !file.under("src/")) continue;
    for (std::size_t number = 1; number <= file.line_count(); ++number) {
      check_include(tree, rooms, file, number, report);
    }
  }
}

}  // namespace gridloom::tidy
