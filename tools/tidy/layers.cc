// Checks the form of layers.txt (which the build reads too, in cmake/rooms.cmake) and that includes
// respect the layers: the linker would let a folder use a header of a folder above it. The folders
// within a room may have an order too, which CMake does not know.
//
// Headers for tests alone are beside the layers. The program includes none of them, and a test
// includes none behind which is a room that its own room is not linked with.
#include <fmt/format.h>

#include <algorithm>
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
  std::string path;  // below src/: "core/hub"; files are included by its last name
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
    // Rows of lines are check_budgets()'s.
    if (line.empty() || line.starts_with('#') || line.starts_with("lines ")) continue;
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
      const bool is_for_tests = name.ends_with(kForTests);
      if (is_for_tests) name.resize(name.size() - kForTests.size());
      Room room{.path = name,
                .below = read_names(layers, number, rooms, report),
                .is_for_tests = is_for_tests};
      name.erase(0, name.rfind('/') + 1);
      std::tie(last, is_new) = rooms.emplace(name, std::move(room));
    }
    if (!is_new) {
      report.at_line(layers, number, fmt::format("a second row for '{}'", name), "keep one");
    }
  }
  return rooms;
}

// "core" of "core/hub".
std::string_view wing_of(std::string_view path) { return path.substr(0, path.find('/')); }

// What rooms of a wing may name beside those of their own and of core; "*": all.
const std::map<std::string_view, std::string_view> kWings = {
    {"core", ""}, {"home", ""}, {"bridges", "home"}, {"lab", ""}, {"cluster", ""}, {"app", "*"}};

bool may_name(std::string_view wing, std::string_view other) {
  const auto row = kWings.find(wing);
  return row == kWings.end() || wing == other || other == "core" || row->second == "*" ||
         row->second == other;
}

void check_wings(const Source& layers, const Rooms& rooms, Report& report) {
  for (const auto& [name, room] : rooms) {
    if (room.is_for_tests) continue;
    for (const std::string& below : room.below) {
      const auto other = rooms.find(below);
      if (other == rooms.end() || may_name(wing_of(room.path), wing_of(other->second.path))) {
        continue;
      }
      report.at_line(layers, 1,
                     fmt::format("'{}' may not name '{}', a room of another wing", room.path,
                                 other->second.path),
                     "let app pass in what it needs, by an interface of the core");
    }
  }
}

// The path of #include "…", if the line is one.
std::optional<std::string_view> quoted_include(std::string_view line) {
  constexpr std::string_view kInclude = "#include \"";
  if (!line.starts_with(kInclude)) return std::nullopt;
  line.remove_prefix(kInclude.size());
  return line.substr(0, line.find('"'));
}

// The first name of a path: the room of an include.
std::string_view first_of(std::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// What a path in a room has before its file; "." for the room itself.
std::string_view folder_of(std::string_view path) {
  const std::string_view folder = first_of(path);
  return folder.empty() ? kOwnFolder : folder;
}

// A file of a room.
struct Place {
  std::string_view room;  // empty: the file is in none
  std::string_view path;  // in the room
};
Place place_of(const Rooms& rooms, const Source& file) {
  const std::string_view path = std::string_view(file.path()).substr(4);
  Place place;
  for (const auto& [name, room] : rooms) {
    if (!path.starts_with(room.path) || !path.substr(room.path.size()).starts_with('/')) continue;
    const std::string_view rest = path.substr(room.path.size() + 1);
    if (place.room.empty() || rest.size() < place.path.size()) place = {.room = name, .path = rest};
  }
  return place;
}

// The file that an include names.
std::string path_of(const Rooms& rooms, std::string_view target) {
  const auto room = rooms.find(first_of(target));
  if (room == rooms.end()) return fmt::format("src/{}", target);
  return fmt::format("src/{}{}", room->second.path, target.substr(room->first.size()));
}

bool is_for_tests(const Rooms& rooms, std::string_view room) {
  const auto row = rooms.find(room);
  return row != rooms.end() && row->second.is_for_tests;
}

// The rooms that a header of a room for tests includes, through other such headers too.
void add_rooms_behind(const Tree& tree, const Rooms& rooms, std::string_view target, Names& seen,
                      Names& behind) {
  const Source* header = tree.find(path_of(rooms, target));
  if (header == nullptr || !seen.emplace(target).second) return;
  for (std::size_t number = 1; number <= header->line_count(); ++number) {
    const auto next = quoted_include(header->line(number));
    if (!next) continue;
    if (is_for_tests(rooms, first_of(*next))) {
      add_rooms_behind(tree, rooms, *next, seen, behind);
    } else {
      behind.emplace(first_of(*next));
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
  const std::string_view room = place_of(rooms, file).room;
  const bool is_of_tests = is_for_tests(rooms, first_of(target));
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
void check_folder(const Room& room, const Place& place, const Source& file, std::size_t number,
                  Report& report) {
  const std::string_view folder = folder_of(place.path);
  const std::string_view target = *quoted_include(file.line(number));
  const std::string_view other = folder_of(target.substr(place.room.size() + 1));
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
  const std::string_view other = first_of(*target);
  if (!rooms.contains(other) || !tree.has(path_of(rooms, *target))) {
    report.at_line(
        file, number, fmt::format("\"{}\" is no file of a room", *target),
        "write it from its room, as in \"base/result.h\"; a library's in angle brackets");
    return;
  }
  if (check_test_header(tree, rooms, file, number, report)) return;
  const Place place = place_of(rooms, file);
  const auto row = rooms.find(place.room);
  if (row == rooms.end() || row->second.below.contains(other)) return;  // main.cc is in none
  if (other == place.room) return check_folder(row->second, place, file, number, report);
  report.at_line(
      file, number, fmt::format("'{}' may not include '{}'", place.room, other),
      fmt::format("layers.txt lets it include {}: pass in what it needs, or move the code",
                  joined(row->second.below)));
}

// Each file is in a room, but for those of src/ itself.
void check_rows_of_folders(const Tree& tree, const Source& layers, const Rooms& rooms,
                           Report& report) {
  Names without;
  for (const Source& file : tree.files()) {
    if (!file.under("src/") || !place_of(rooms, file).room.empty()) continue;
    const std::string_view path = std::string_view(file.path()).substr(4);
    const std::string_view first = first_of(path);
    if (first.empty()) continue;
    const bool is_wing = std::ranges::any_of(rooms, [&](const auto& each) {
      return each.second.path.starts_with(fmt::format("{}/", first));
    });
    const std::string_view next = first_of(path.substr(first.size() + 1));
    if (is_wing && next.empty()) continue;  // the wing's own page
    without.insert(is_wing ? fmt::format("{}/{}", first, next) : std::string(first));
  }
  for (const std::string& folder : without) {
    report.at_line(layers, 1, fmt::format("src/{} has no row", folder),
                   "add one below the rooms that it uses");
  }
}

// A room with rows for its folders has one for each that holds C++ files, and no other.
void check_folder_rows(const Tree& tree, const Source& layers, const Rooms& rooms, Report& report) {
  std::map<std::string, Names, std::less<>> folders;
  for (const Source& file : tree.files()) {
    if (!file.is_cpp() || !file.under("src/")) continue;
    const Place place = place_of(rooms, file);
    folders[std::string(place.room)].emplace(folder_of(place.path));
  }
  for (const auto& [name, room] : rooms) {
    if (room.folders.empty()) continue;
    for (const std::string& folder : folders[name]) {
      if (room.folders.contains(folder)) continue;
      report.at_line(layers, 1, fmt::format("src/{}/{} has no row", room.path, folder),
                     "add one to the rows of its room, below the folders that it uses");
    }
    for (const auto& [folder, below] : room.folders) {
      if (folders[name].contains(folder)) continue;
      report.at_line(layers, 1, fmt::format("there is no src/{}/{}", room.path, folder),
                     "remove its row");
    }
  }
}

// A header without a source file that only tests include has a name that says so.
void check_names_of_test_headers(const Tree& tree, const Rooms& rooms, Report& report) {
  std::map<std::string, bool, std::less<>> only_tests;  // by what is included
  for (const Source& file : tree.files()) {
    if (!file.is_cpp()) continue;
    for (std::size_t number = 1; number <= file.line_count(); ++number) {
      const auto target = quoted_include(file.line(number));
      if (!target) continue;
      bool& only = only_tests.try_emplace(path_of(rooms, *target), true).first->second;
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
  check_wings(*layers, rooms, report);
  check_rows_of_folders(tree, *layers, rooms, report);
  for (const auto& [name, room] : rooms) {
    if (!tree.has(fmt::format("src/{}/", room.path))) {
      report.at_line(*layers, 1, fmt::format("there is no src/{}", room.path), "remove its row");
    }
  }
  for (const Source& file : tree.files()) {
    if (!file.is_cpp() || !file.under("src/")) continue;
    for (std::size_t number = 1; number <= file.line_count(); ++number) {
      check_include(tree, rooms, file, number, report);
    }
  }
  check_folder_rows(tree, *layers, rooms, report);
  check_names_of_test_headers(tree, rooms, report);
}

}  // namespace gridloom::tidy
