// Checks that C++ names no device field, which would tie the program to one family: names, units
// and quirks are defined only in devices/*.yaml. Only names with a dot are checked, because no
// other string looks like them; the simulator's models and the tests may name fields.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

struct Names {
  std::set<std::string, std::less<>> whole;
  std::set<std::string, std::less<>> patterns;  // of templates: "pv.in<n>", where <n> is any text
};

// The key of `key: value`, at exactly that depth, without quotes.
std::string_view key_of(std::string_view line, std::size_t depth) {
  if (line.find_first_not_of(' ') != depth || line[depth] == '#') return {};
  line.remove_prefix(depth);
  if (line.starts_with('"')) return line.substr(1, line.find('"', 1) - 1);
  const std::size_t colon = line.find(": ");
  if (colon != std::string_view::npos) return line.substr(0, colon);
  return line.ends_with(':') ? line.substr(0, line.size() - 1) : std::string_view();
}

// Reads one file. A scan by lines is enough: the catalogue's own loader checks the files.
class FileScan {
 public:
  explicit FileScan(const Source& device) {
    for (std::size_t number = 1; number <= device.line_count(); ++number) add(device.line(number));
  }

  void put_into(Names& names) const {
    for (const std::string& key : keys_) {
      const std::size_t open = key.find('<');
      if (open == std::string::npos) {
        names.whole.insert(key);
        continue;
      }
      const auto made = templates_.find(key.substr(open));
      if (made == templates_.end()) continue;
      for (const std::string& end : made->second) {
        const std::string name = key.substr(0, open) + end;
        if (name.contains('.')) (name.contains('<') ? names.patterns : names.whole).insert(name);
      }
    }
  }

 private:
  void add(std::string_view line) {
    if (line.empty() || line.starts_with('#')) return;
    if (line[0] != ' ') section_ = key_of(line, 0);
    if (section_ == "templates") {
      if (const std::string_view name = key_of(line, 2); !name.empty()) {
        template_ = fmt::format("<{}>", name);
      }
      if (const std::string_view key = key_of(line, 4); !key.empty()) in_fields_ = key == "fields";
      const std::string_view field = key_of(line, 6);
      if (in_fields_ && !field.empty()) templates_[template_].emplace_back(field);
    } else if (section_ == "fields") {
      const std::string_view key = key_of(line, 2);
      const bool is_group = key.ends_with('.');
      if (!is_group && (key.contains('.') || key.contains('<'))) keys_.emplace_back(key);
    }
  }

  std::string section_;
  std::string template_;
  bool in_fields_ = false;
  std::vector<std::string> keys_;
  std::map<std::string, std::vector<std::string>, std::less<>> templates_;  // "<phase>" -> fields
};

bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t open = pattern.find('<');
  if (open == std::string_view::npos) return pattern == text;
  const std::size_t close = pattern.find('>', open);
  if (close == std::string_view::npos || !text.starts_with(pattern.substr(0, open))) return false;
  for (std::size_t end = open + 1; end <= text.size(); ++end) {
    if (matches(pattern.substr(close + 1), text.substr(end))) return true;
  }
  return false;
}

bool is_field(const Names& names, const std::string& text) {
  if (names.whole.contains(text)) return true;
  return text.contains('.') && std::ranges::any_of(names.patterns, [&](const std::string& pattern) {
           return matches(pattern, text);
         });
}

}  // namespace

void check_field_names(const Tree& tree, Report& report) {
  Names names;
  for (const Source& file : tree.files()) {
    if (!file.under("devices/") || !file.path().ends_with(".yaml")) continue;
    FileScan(file).put_into(names);
  }
  for (const Source& file : tree.files()) {
    if (!file.is_cpp() || !file.under("src/") || file.under("src/lab/sim/models/")) continue;
    if (file.is_test()) continue;
    for (const Literal& literal : file.literals()) {
      if (!is_field(names, literal.content)) continue;
      report.at(
          file, literal.offset, fmt::format("the field '{}' in C++", literal.content),
          "let devices/*.yaml say what it means (nature, sign, effect) and ask the catalogue");
    }
  }
}

}  // namespace gridloom::tidy
