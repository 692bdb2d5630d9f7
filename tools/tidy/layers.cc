// Checks the form of layers.txt (which the build reads too, in cmake/rooms.cmake) and that includes
// respect the layers: the linker would let a folder use a header of a folder above it. The folders
// within a room may have an order too, which CMake does not know.
//
// Headers for tests alone are beside the layers. The program includes none of them, and a test
// includes none behind which is a room that its own room is not linked with.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

using Names = std::set<std::string, std::less<>>;

constexpr std::string_view kOwnFolder = ".";  // the folder of the room itself

struct Room {
  Names below;
  bool is_for_tests = false;
  // Each folder of the room with the folders below it. Empty: the folders have no order.
  std::map<std::string, Names, std::less<>> folders{};
};
using Rooms = std::map<std::string, Room, std::less<>>;

std::string joined(const Names& rooms) {
  return rooms.empty() ? "nothing" : fmt::format("{}", fmt::join(rooms, ", "));
}

// The names behind the colon of a row. Each must have a row in `rows`, which are those before it.
template <typename Rows>
Names read_names(const Source& layers, std::size_t number, const Rows& rows, Report& report) {
  const std::string_view line = layers.line(number);
  std::istringstream words{std::string(line.substr(line.find(':') + 1))};
  Names names;
  for (std::string word; words >> word;) {
    if (!rows.contains(word)) {
      report.at_line(layers, number, fmt::format("'{}' is named before its own row", word),
                     "order the rows bottom-up");
    }
    names.insert(word);
  }
  return names;
}

Rooms read_rows(const Source& layers, Report& report) {
  constexpr std::string_view kForTests = " (tests)";
  constexpr std::string_view kIndent = "  ";
  Rooms rooms;
  auto last = rooms.end();  // the room whose folders follow
  for (std::size_t number = 1; number <= layers.line_count(); ++number) {
    const std::string_view line = layers.line(number);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      report.at_line(layers, number, "a row without a colon", "write `room: rooms below it`");
      continue;
    }
    std::string name(line.substr(0, colon));
    bool is_new = false;
    if (name.starts_with(kIndent) && last != rooms.end()) {
      name.erase(0, kIndent.size());
      auto& folders = last->second.folders;
      is_new = folders.emplace(name, read_names(layers, number, folders, report)).second;
    } else {
      Room room{.below = read_names(layers, number, rooms, report),
                .is_for_tests = name.ends_with(kForTests)};
      if (room.is_for_tests) name.resize(name.size() - kForTests.size());
      std::tie(last, is_new) = rooms.emplace(name, std::move(room));
    }
    if (!is_new) {
      report.at_line(layers, number, fmt::format("a second row for '{}'", name), "keep one");
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

// The first folder of a path below src/; empty for a file of src/ itself.
std::string_view room_of(std::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// The folder within its room of a path below src/.
std::string_view folder_of(std::string_view path) {
  path.remove_prefix(path.find('/') + 1);
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? kOwnFolder : path.substr(0, slash);
}

bool is_for_tests(const Rooms& rooms, std::string_view room) {
  const auto row = rooms.find(room);
  return row != rooms.end() && row->second.is_for_tests;
}

// The rooms that a header of a room for tests includes, through other such headers too.
void add_rooms_behind(const Tree& tree, const Rooms& rooms, std::string_view target, Names& seen,
                      Names& behind) {
  const Source* header = tree.find(fmt::format("src/{}", target));
  if (header == nullptr || !seen.emplace(target).second) return;
  for (std::size_t number = 1; number <= header->line_count(); ++number) {
    const auto next = quoted_include(header->line(number));
    if (!next) continue;
    if (is_for_tests(rooms, room_of(*next))) {
      add_rooms_behind(tree, rooms, *next, seen, behind);
    } else {
      behind.emplace(room_of(*next));
    }
  }
}

void add_rooms_below(const Rooms& rooms, std::string_view room, Names& below) {
  const auto row = rooms.find(room);
  if (row == rooms.end()) return;
  for (const std::string& next : row->second.below) {
    if (below.insert(next).second) add_rooms_below(rooms, next, below);
  }
}

// Whether the include concerns a header for tests alone, for which the rooms' own rows say nothing.
bool check_test_header(const Tree& tree, const Rooms& rooms, const Source& file, std::size_t number,
                       Report& report) {
  const std::string_view target = *quoted_include(file.line(number));
  const std::string_view room = room_of(std::string_view(file.path()).substr(4));
  const bool is_of_tests = is_for_tests(rooms, room_of(target));
  const bool has_prefix = target.substr(target.rfind('/') + 1).starts_with("test_");
  if (!file.is_test() && (is_of_tests || has_prefix)) {
    report.at_line(file, number,
                   fmt::format("the program includes \"{}\", which is for tests", target),
                   "move what the program needs to a header of its own");
    return true;
  }
  if (!is_of_tests || is_for_tests(rooms, room)) return false;
  Names seen;
  Names behind;
  add_rooms_behind(tree, rooms, target, seen, behind);
  Names below;
  add_rooms_below(rooms, room, below);
  std::erase_if(behind,
                [&](const std::string& name) { return name == room || below.contains(name); });
  if (!behind.empty()) {
    report.at_line(file, number,
                   fmt::format("a test of '{}' may not include \"{}\", behind which is {}", room,
                               target, joined(behind)),
                   "include a smaller header, or move the test to a room above");
  }
  return true;
}

// An include of a file of the same room.
void check_folder(const Room& room, const Source& file, std::size_t number, Report& report) {
  const std::string_view folder = folder_of(std::string_view(file.path()).substr(4));
  const std::string_view other = folder_of(*quoted_include(file.line(number)));
  const auto row = room.folders.find(folder);
  if (other == folder || row == room.folders.end() || row->second.contains(other)) return;
  report.at_line(file, number, fmt::format("'{}' may not include '{}'", folder, other),
                 fmt::format("layers.txt lets this folder include {}: pass in what it needs, or "
                             "move the code",
                             joined(row->second)));
}

void check_include(const Tree& tree, const Rooms& rooms, const Source& file, std::size_t number,
                   Report& report) {
  const auto target = quoted_include(file.line(number));
  if (!target) return;
  const std::string_view other = room_of(*target);
  if (other.empty() || !tree.has(fmt::format("src/{}", *target))) {
    report.at_line(file, number, fmt::format("\"{}\" is no file of src/", *target),
                   "write it from src/, as in \"base/result.h\"; a library's in angle brackets");
    return;
  }
  if (check_test_header(tree, rooms, file, number, report)) return;
  const std::string_view room = room_of(std::string_view(file.path()).substr(4));
  if (room.empty()) return;  // main.cc
  const auto row = rooms.find(room);
  if (row == rooms.end() || row->second.below.contains(other)) return;
  if (other == room) return check_folder(row->second, file, number, report);
  report.at_line(
      file, number, fmt::format("'{}' may not include '{}'", room, other),
      fmt::format("layers.txt lets it include {}: pass in what it needs, or move the code",
                  joined(row->second.below)));
}

// A room with rows for its folders has one for each that holds C++ files, and no other.
void check_folder_rows(const Tree& tree, const Source& layers, const Rooms& rooms, Report& report) {
  std::map<std::string, Names, std::less<>> folders;
  for (const Source& file : tree.files()) {
    if (!file.is_cpp() || !file.under("src/")) continue;
    const std::string_view path = std::string_view(file.path()).substr(4);
    folders[std::string(room_of(path))].emplace(folder_of(path));
  }
  for (const auto& [name, room] : rooms) {
    if (room.folders.empty()) continue;
    for (const std::string& folder : folders[name]) {
      if (room.folders.contains(folder)) continue;
      report.at_line(layers, 1, fmt::format("src/{}/{} has no row", name, folder),
                     "add one to the rows of its room, below the folders that it uses");
    }
    for (const auto& [folder, below] : room.folders) {
      if (folders[name].contains(folder)) continue;
      report.at_line(layers, 1, fmt::format("there is no src/{}/{}", name, folder),
                     "remove its row");
    }
  }
}

// A header without a source file that only tests include has a name that says so.
void check_names_of_test_headers(const Tree& tree, Report& report) {
  std::map<std::string, bool, std::less<>> only_tests;  // by what is included
  for (const Source& file : tree.files()) {
    if (!file.is_cpp()) continue;
    for (std::size_t number = 1; number <= file.line_count(); ++number) {
      const auto target = quoted_include(file.line(number));
      if (!target) continue;
      bool& only = only_tests.try_emplace(fmt::format("src/{}", *target), true).first->second;
      only = only && file.is_test();
    }
  }
  for (const auto& [path, only] : only_tests) {
    const Source* header = tree.find(path);
    if (!only || header == nullptr || header->is_test()) continue;
    if (tree.has(path.substr(0, path.rfind('.')) + ".cc")) continue;
    report.at_line(*header, 1, "only tests include this header", "begin its name with test_");
  }
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
  for (const auto& [room, row] : rooms) {
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
  check_folder_rows(tree, *layers, rooms, report);
  check_names_of_test_headers(tree, report);
}

}  // namespace gridloom::tidy
