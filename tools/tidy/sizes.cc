// Limits the sizes of classes and functions, the number of types with the same name, and the
// comments in a private language. The ratchet (tools/tidy/ratchet.txt) lists the definitions, names
// and words that were above the limit when their rule was made, each with its size: a line may
// become smaller or go, and none may be added.
//
// Several definitions may have the same name: overloads, or classes in unnamed namespaces. Their
// lines are compared with them in the order of their sizes, the largest first.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tidy/definitions.h"
#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

struct Limit {
  std::string_view kind;
  std::size_t size = 0;
  std::string_view unit;
  std::string_view cure;
};
constexpr Limit kClassLimit = {
    .kind = "class",
    .size = 40,
    .unit = "declarations",
    .cure = "move some of its members, with the methods that use them, into a class of their own"};
constexpr Limit kFunctionLimit = {
    .kind = "function",
    .size = 60,
    .unit = "lines",
    .cure = "make a part of it a function with a name that says what it does"};
constexpr Limit kNameLimit = {.kind = "name",
                              .size = 4,
                              .unit = "types in headers",
                              .cure = "give the new type a name that says which one it is"};
constexpr Limit kWordLimit = {
    .kind = "words",
    .size = 0,
    .unit = "places in comments",
    .cure = "write a sentence with a subject, a verb and the field's own terms"};
constexpr std::array<const Limit*, 4> kLimits = {&kClassLimit, &kFunctionLimit, &kNameLimit,
                                                 &kWordLimit};

constexpr std::string_view kHeader =
    "# Classes with more than 40 declarations, functions with more than 60 lines, names that more "
    "than\n"
    "# four types have in headers of src/, and words of comments there that have better ones. "
    "gl_tidy\n"
    "# lets no line grow and none be added; after a change that makes one smaller,\n"
    "# `gl_tidy --write-ratchet .` writes the new number.\n";

// What stands above its limit: a definition, or the first of the types or comments that are
// counted.
struct Large {
  const Source* file = nullptr;
  std::size_t line = 0;
  std::size_t size = 0;
};
struct Listed {
  std::size_t line = 0;  // of the ratchet
  std::size_t size = 0;
};
// The definitions of one kind and name, and the ratchet's lines for them; the largest first.
struct Entry {
  const Limit* limit = nullptr;
  std::vector<Large> found;
  std::vector<Listed> listed;
};
// Words with which no sentence of a comment begins: they are no subject, but a riddle.
constexpr std::array kOpenings = std::to_array<std::string_view>(
    {"Of", "That", "What", "Which", "Who", "Whoever", "Whom", "Whose"});
// Idioms of this house for which the field has plain words.
struct Idiom {
  std::string_view name;
  std::array<std::string_view, 5> forms;
};
constexpr std::array kIdioms = std::to_array<Idiom>({
    {"go on", {"go on", "goes on", "going on", "went on", "gone on"}},
    {"hand on", {"hand on", "hands on", "handing on", "handed on"}},
    {"lay", {"lay", "lays", "laid"}},
    {"lose", {"lose", "loses", "losing"}},
    {"told", {"told"}},
});

using Entries = std::map<std::string, Entry, std::less<>>;  // "class hub::Shard", ...

// Whether the comment directly above the line says that the definition is a table, and why.
bool is_table(const Source& file, std::size_t line) {
  constexpr std::string_view kMark = "tidy: table, ";
  while (line > 1) {
    std::string_view text = file.line(--line);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (!text.starts_with("//")) return false;
    const std::size_t at = text.find(kMark);
    if (at != std::string_view::npos) return text.size() > at + kMark.size();
  }
  return false;
}

void add_definitions(const Source& file, Entries& entries, Report& report) {
  for (const Definition& definition : definitions_of(file)) {
    const bool is_class = definition.kind == DefinitionKind::kClass;
    const Limit& limit = is_class ? kClassLimit : kFunctionLimit;
    const std::size_t line = file.line_of(definition.offset);
    const bool is_large = definition.size > limit.size;
    if (is_table(file, line)) {
      if (is_large) continue;
      report.at_line(file, line,
                     fmt::format("{} {} is marked as a table, but is within the limit of {} {}",
                                 limit.kind, definition.name, limit.size, limit.unit),
                     "remove the mark, which would let it grow");
    } else if (is_large) {
      Entry& entry = entries[fmt::format("{} {}", limit.kind, definition.name)];
      entry.limit = &limit;
      entry.found.push_back({.file = &file, .line = line, .size = definition.size});
    }
  }
}

// Adds what is counted in all production files of src/ together.
class Tally {
 public:
  void count(const Limit& limit, std::string_view name, const Source& file, std::size_t offset) {
    Counted& counted = counted_[fmt::format("{} {}", limit.kind, name)];
    if (++counted.first.size > 1) return;
    counted.limit = &limit;
    counted.first.file = &file;
    counted.first.line = file.line_of(offset);
  }

  void add_to(Entries& entries) const {
    for (const auto& [name, counted] : counted_) {
      if (counted.first.size <= counted.limit->size) continue;
      Entry& entry = entries[name];
      entry.limit = counted.limit;
      entry.found.push_back(counted.first);
    }
  }

 private:
  struct Counted {
    const Limit* limit = nullptr;
    Large first;
  };
  std::map<std::string, Counted, std::less<>> counted_;
};

void count_names(const Source& file, Tally& tally) {
  if (!file.is_header()) return;
  for (const Declaration& declaration : declarations_of(file)) {
    if (declaration.kind != DeclarationKind::kType) continue;
    tally.count(kNameLimit, declaration.name, file, declaration.offset);
  }
}

// Whether the comment at `offset` is alone on its line, behind one that is alone too.
bool continues_comment(const Source& file, std::size_t offset) {
  const auto is_alone = [&](std::size_t line) {
    const std::string_view text = file.line(line);
    return text.substr(std::min(text.find_first_not_of(' '), text.size())).starts_with("//");
  };
  const std::size_t line = file.line_of(offset);
  return line > 1 && is_alone(line) && is_alone(line - 1);
}

// Whether the words at `at` are whole, and no name of the code: `lose`, lose().
bool is_prose(std::string_view comments, std::size_t at, std::size_t size) {
  const std::string_view before = comments.substr(0, at);
  const std::string_view after = comments.substr(at + size);
  const bool is_whole =
      (before.empty() || !is_word(before.back())) && (after.empty() || !is_word(after.front()));
  return is_whole && !before.ends_with('`') && !before.ends_with(':') && !after.starts_with('(');
}

// Whether a comment, or a sentence in one, begins at `at`.
bool begins_sentence(const Source& file, std::string_view comments, std::size_t at) {
  const std::string_view before = comments.substr(0, at);
  if (before.ends_with("// ") && !continues_comment(file, at)) return true;
  const std::size_t last = before.find_last_not_of(" \n/");
  return last != std::string_view::npos && last + 1 < at && before[last] == '.';
}

void count_openings(const Source& file, Tally& tally) {
  const std::string_view comments = file.comments();
  for (const std::string_view word : kOpenings) {
    for (std::size_t at = comments.find(word); at != std::string_view::npos;
         at = comments.find(word, at + 1)) {
      if (is_prose(comments, at, word.size()) && begins_sentence(file, comments, at)) {
        tally.count(kWordLimit, word, file, at);
      }
    }
  }
}

void count_idioms(const Source& file, Tally& tally) {
  const std::string_view comments = file.comments();
  for (const Idiom& idiom : kIdioms) {
    for (const std::string_view form : idiom.forms) {
      if (form.empty()) continue;
      for (std::size_t at = comments.find(form); at != std::string_view::npos;
           at = comments.find(form, at + 1)) {
        if (is_prose(comments, at, form.size())) tally.count(kWordLimit, idiom.name, file, at);
      }
    }
  }
}

// The size at the end of a line; 0: not a line of the ratchet.
std::size_t size_in(std::string_view line) {
  const bool has_kind = std::ranges::any_of(kLimits, [&](const Limit* limit) {
    return line.starts_with(limit->kind) && line.substr(limit->kind.size()).starts_with(' ');
  });
  if (!has_kind) return 0;
  std::size_t size = 0;
  const char* const end = line.data() + line.size();
  const auto read = std::from_chars(line.data() + line.rfind(' ') + 1, end, size);
  return read.ec == std::errc() && read.ptr == end ? size : 0;
}

void add_ratchet(const Source& ratchet, Entries& entries, Report& report) {
  for (std::size_t number = 1; number <= ratchet.line_count(); ++number) {
    const std::string_view line = ratchet.line(number);
    if (line.starts_with('#')) continue;
    const std::size_t size = size_in(line);
    if (size == 0) {
      report.at_line(ratchet, number,
                     "a line that is not `KIND NAME NUMBER` of a class, function, name or words",
                     "correct or remove it");
      continue;
    }
    entries[std::string(line.substr(0, line.rfind(' ')))].listed.push_back(
        {.line = number, .size = size});
  }
}

Entries entries_of(const Tree& tree, Report& report) {
  Entries entries;
  Tally tally;
  for (const Source& file : tree.files()) {
    if (!file.is_cpp()) continue;
    add_definitions(file, entries, report);
    if (file.is_test() || !file.under("src/")) continue;
    count_names(file, tally);
    count_openings(file, tally);
    count_idioms(file, tally);
  }
  tally.add_to(entries);
  if (const Source* ratchet = tree.find(kRatchet)) add_ratchet(*ratchet, entries, report);
  for (auto& [name, entry] : entries) {
    std::ranges::sort(entry.found, std::greater(), &Large::size);
    std::ranges::sort(entry.listed, std::greater(), &Listed::size);
  }
  return entries;
}

// Reports what is above its limit and not listed, or larger than listed. A mark on the line makes
// no exception: that is the ratchet's business.
void check_growth(std::string_view name, const Entry& entry, Report& report) {
  for (std::size_t i = 0; i < entry.found.size(); ++i) {
    const Large& large = entry.found[i];
    const bool is_listed = i < entry.listed.size();
    if (is_listed && large.size <= entry.listed[i].size) continue;
    const std::string most =
        is_listed ? fmt::format("{} has no more than {} for it", kRatchet, entry.listed[i].size)
                  : fmt::format("the limit is {}", entry.limit->size);
    report.at_line_always(
        *large.file, large.line,
        fmt::format("{} has {} {}, and {}", name, large.size, entry.limit->unit, most),
        std::string(entry.limit->cure));
  }
}

// Reports lines of the ratchet whose definitions became smaller or are gone.
void check_shrinkage(std::string_view name, const Entry& entry, const Source& ratchet,
                     Report& report) {
  for (std::size_t i = 0; i < entry.listed.size(); ++i) {
    const Listed& listed = entry.listed[i];
    if (i >= entry.found.size()) {
      report.at_line_always(ratchet, listed.line,
                            fmt::format("{} is not above its limit any more", name),
                            "remove the line");
    } else if (entry.found[i].size < listed.size) {
      report.at_line_always(ratchet, listed.line,
                            fmt::format("{} has become smaller than {}", name, listed.size),
                            fmt::format("write `{} {}`", name, entry.found[i].size));
    }
  }
}

}  // namespace

void check_sizes(const Tree& tree, Report& report) {
  const Source* ratchet = tree.find(kRatchet);
  for (const auto& [name, entry] : entries_of(tree, report)) {
    check_growth(name, entry, report);
    if (ratchet != nullptr) check_shrinkage(name, entry, *ratchet, report);
  }
}

std::optional<std::string> new_ratchet(const Tree& tree, Report& report) {
  const Entries entries = entries_of(tree, report);
  const bool is_first = tree.find(kRatchet) == nullptr;
  std::string out(kHeader);
  for (const auto& [name, entry] : entries) {
    if (!is_first) check_growth(name, entry, report);
    for (const Large& large : entry.found) out += fmt::format("{} {}\n", name, large.size);
  }
  if (!report.findings().empty()) return std::nullopt;
  return out;
}

}  // namespace gridloom::tidy
