// Reads a device file or a home file key by key: an Entry is a YAML mapping whose keys keys.h
// declares. Each mistake is recorded with file, line and key, and reading continues, so that one
// run reports all mistakes.
//
// Getters leave their target unchanged if the key is absent or its value is wrong. A getter of
// another form than the key is declared with throws std::logic_error: our own bug.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "catalog/keys.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {

class Mistakes {
 public:
  explicit Mistakes(std::string_view file) : file_(file) {}

  void add(int line, std::string_view path, std::string_view what);
  // Every later mistake at this path or below it ends with " (note)".
  void note(std::string path, std::string note);
  // The line belongs to several entries: what is wrong there is reported for the first one only.
  void share(int line) { shared_lines_.insert(line); }
  [[nodiscard]] std::string_view file() const { return file_; }
  [[nodiscard]] bool none() const { return count_ == 0; }
  // Whether further mistakes are counted only: no word about them is read.
  [[nodiscard]] bool is_full() const { return count_ >= kMaxReported; }
  [[nodiscard]] Error fault() const;  // kMalformed; one line per mistake

 private:
  static constexpr std::size_t kMaxReported = 100;  // more are not useful

  [[nodiscard]] std::string_view note_of(std::string_view path) const;

  std::string file_;
  std::string text_;
  std::size_t count_ = 0;
  std::map<std::string, std::string, std::less<>> notes_;  // path -> note
  std::set<int> shared_lines_;
  std::set<std::pair<int, std::string>> reported_;  // at shared lines
};

// "fields" + "pd.soc" = "fields.pd.soc"
[[nodiscard]] std::string child(std::string_view path, std::string_view key);
[[nodiscard]] std::string item(std::string_view path, std::size_t index);

// Converts a YAML node to JSON: plain 12 is an integer, 1.5 a number, true and false are booleans;
// everything else is a string (including 010, yes and all quoted scalars).
[[nodiscard]] Json to_json(const YamlNode& node, std::string_view path, Mistakes& mistakes);

// "a, b or c; did you mean b?": the words that are valid in the place of `word`.
[[nodiscard]] std::string one_of(std::string_view word, std::span<const std::string_view> words);

[[nodiscard]] std::vector<std::string> texts_of(const YamlNode& node, std::string_view path,
                                                Mistakes& mistakes);

// Records keys of the mapping that the section does not know, that stand twice, or, of a whole
// entry, that are missing.
void check_keys(const YamlNode& node, std::string_view path, Mistakes& mistakes, SectionId section,
                Variant variant);

class Entry {
 public:
  // Checks the keys of a whole entry.
  Entry(const YamlNode& node, std::string path, Mistakes& mistakes, SectionId section);

  [[nodiscard]] bool has(std::string_view key) const { return node_.find(key) != nullptr; }
  [[nodiscard]] const YamlNode* find(std::string_view key) const { return node_.find(key); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const YamlNode& node() const { return node_; }
  [[nodiscard]] Mistakes& mistakes() const { return mistakes_; }

  // Records a mistake at the line of `key`, or at the entry's line if `key` is absent or empty
  // (an empty `key` names no key).
  void mistake(std::string_view key, std::string_view what) const;

  void text(std::string_view key, std::string& to) const;
  void choice(std::string_view key, std::string& to) const;
  void flag(std::string_view key, bool& to) const;  // NOLINT: a target, not an option
  void whole(std::string_view key, std::int64_t& to) const;
  void number(std::string_view key, double& to) const;
  void size(std::string_view key, std::optional<std::size_t>& to) const;
  void range(std::string_view key, std::optional<Range>& to) const;
  void texts(std::string_view key, std::vector<std::string>& to) const;
  void json(std::string_view key, Json& to) const;
  void object(std::string_view key, JsonObject& to) const;
  void values(std::string_view key, std::vector<Json>& to) const;
  // A title; the description, if there is none and it is short enough for one.
  void title(std::string_view description, std::string& to) const;
  // A unit without a factor, and its scale. A milli prefix is a factor as well: no scale beside it.
  void unit_and_scale(std::string& unit, double& scale) const;
  // Values of `type` with their names; only a key of Form::kValues takes a list without names.
  void named_values(std::string_view key, FieldType type, std::vector<NamedValue>& to) const;
  // The source of a fact: "002:1004", "real" or "ours"; several are separated by commas.
  void source(std::string& to) const;
  // A list of one text, or of one value, may stand without brackets.
  void text_or_texts(std::string_view key, std::vector<std::string>& to) const;
  void value_or_values(std::string_view key, std::vector<Json>& to) const;

  using OnMember =
      std::function<void(const std::string& key, const YamlNode& value, std::string path)>;
  using OnItem = std::function<void(const YamlNode& value, std::string path)>;
  void members(std::string_view key, const OnMember& on_member) const;
  void items(std::string_view key, const OnItem& on_item) const;

 private:
  // The value of a key that is declared with one of the forms; nullptr if it is absent.
  [[nodiscard]] const YamlNode* value_of(std::string_view key,
                                         std::initializer_list<Form> forms) const;

  const YamlNode& node_;
  std::string path_;
  Mistakes& mistakes_;
  const Section& section_;
};

}  // namespace gridloom::catalog
