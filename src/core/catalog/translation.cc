#include "catalog/translation.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>

#include "base/nearest.h"
#include "base/printable.h"
#include "catalog/family.h"
#include "catalog/keys.h"

namespace gridloom::catalog {
namespace {

using Kind = YamlNode::Kind;

constexpr std::string_view kTitle = "title";
constexpr std::string_view kDescription = "description";

YamlNode* find(YamlNode& node, std::string_view key) {
  const auto found = std::ranges::find(node.members, key, &YamlMember::key);
  return found == node.members.end() ? nullptr : &found->value;
}

const YamlNode* find(const YamlNode* node, std::string_view key) {
  return node == nullptr ? nullptr : node->find(key);
}

// Whether the entry is a use of a template: its texts are those of a use, or of a list of uses.
bool is_use(const Key& key, std::string_view name) {
  return key.form == Form::kFields && name.contains('<');
}

// The placeholders of a text: "<n>".
std::set<std::string_view> placeholders(std::string_view text) {
  std::set<std::string_view> found;
  for (auto begin = text.find('<'); begin != std::string_view::npos;
       begin = text.find('<', begin + 1)) {
    const auto end = text.find_first_of("<> ", begin + 1);
    if (end == std::string_view::npos) break;
    if (text[end] == '>') found.insert(text.substr(begin, end - begin + 1));
  }
  return found;
}

class TextWriter {
 public:
  explicit TextWriter(Mistakes& mistakes) : mistakes_(mistakes) {}

  void put_entry(YamlNode& to, const YamlNode& texts, const std::string& path, SectionId section) {
    check_keys(texts, path, mistakes_, section, Variant::kWhole);
    if (to.kind != Kind::kMapping) return;
    for (const YamlMember& member : texts.members) {
      const Key* key = section_of(section).find(member.key);
      if (key != nullptr) put(to, member, *key, child(path, member.key));
    }
    if (texts.find(kDescription) != nullptr && texts.find(kTitle) == nullptr) {
      std::erase_if(to.members, [](const YamlMember& member) { return member.key == kTitle; });
    }
  }

 private:
  void put(YamlNode& to, const YamlMember& member, const Key& key, const std::string& path) {
    YamlNode* known = find(to, key.name);
    if (known == nullptr && key.name == kTitle) {
      YamlMember made{.key = member.key, .line = member.line, .value = {}};
      known = &to.members.emplace_back(std::move(made)).value;
      known->kind = Kind::kScalar;
    }
    if (known == nullptr) {
      return mistakes_.add(member.line, path, "the device file has no such key here");
    }
    switch (key.form) {
      case Form::kText:
        return put_text(*known, member, path);
      case Form::kNamedValues:
      case Form::kNames:
        return put_names(*known, member, path);
      case Form::kEntry:
        return put_entry(*known, member.value, path, key.section);
      default:
        return put_entries(*known, member, path, key);
    }
  }

  void put_text(YamlNode& to, const YamlMember& member, const std::string& path) {
    const YamlNode& text = member.value;
    if (text.kind != Kind::kScalar || text.text.empty()) {
      return mistakes_.add(member.line, path, "must be a text");
    }
    if (to.kind != Kind::kScalar) return;
    for (const std::string_view placeholder : placeholders(to.text)) {
      if (text.text.contains(placeholder)) continue;
      mistakes_.add(member.line, path,
                    fmt::format("lacks {}, which the device file has here", placeholder));
    }
    to = text;
  }

  // The names are those of values, of bits, or of a template's parameters.
  void put_names(YamlNode& to, const YamlMember& member, const std::string& path) {
    if (!check_mapping(to, member, path)) return;
    for (const YamlMember& name : member.value.members) {
      YamlNode* known = known_in(to, name, path);
      if (known != nullptr) put_text(*known, name, child(path, name.key));
    }
  }

  void put_entries(YamlNode& to, const YamlMember& member, const std::string& path,
                   const Key& key) {
    if (!check_mapping(to, member, path)) return;
    for (const YamlMember& entry : member.value.members) {
      YamlNode* known = known_in(to, entry, path);
      if (known == nullptr) continue;
      if (is_use(key, entry.key)) {
        put_uses(*known, entry, child(path, entry.key));
      } else {
        put_entry(*known, entry.value, child(path, entry.key), key.section);
      }
    }
  }

  void put_uses(YamlNode& to, const YamlMember& member, const std::string& path) {
    if (to.kind != Kind::kSequence) {
      return put_entry(to, member.value, path, SectionId::kUseTexts);
    }
    const std::vector<YamlNode>& uses = member.value.items;
    if (member.value.kind != Kind::kSequence || uses.size() > to.items.size()) {
      return mistakes_.add(
          member.line, path,
          fmt::format("must be a list of at most {} uses, as in the device file", to.items.size()));
    }
    for (std::size_t k = 0; k < uses.size(); ++k) {
      put_entry(to.items[k], uses[k], item(path, k), SectionId::kUseTexts);
    }
  }

  bool check_mapping(const YamlNode& to, const YamlMember& member, const std::string& path) {
    if (member.value.kind != Kind::kMapping) {
      mistakes_.add(member.line, path, "must be a mapping");
      return false;
    }
    if (to.kind != Kind::kMapping) {
      mistakes_.add(member.line, path, "the device file has no names here");
      return false;
    }
    std::set<std::string_view> seen;
    for (const YamlMember& one : member.value.members) {
      if (seen.insert(one.key).second) continue;
      mistakes_.add(one.line, child(path, one.key), "this key occurs twice");
    }
    return true;
  }

  // Null, with a mistake: the device file has no such key.
  YamlNode* known_in(YamlNode& to, const YamlMember& member, const std::string& path) {
    YamlNode* known = find(to, member.key);
    if (known != nullptr || mistakes_.is_full()) return known;
    std::vector<std::string_view> names;
    names.reserve(to.members.size());
    for (const YamlMember& one : to.members) names.push_back(one.key);
    mistakes_.add(
        member.line, child(path, member.key),
        fmt::format("the device file has no such key{}", did_you_mean(member.key, names)));
    return nullptr;
  }

  Mistakes& mistakes_;
};

class TextSearch {
 public:
  void search(const YamlNode& file, const YamlNode* texts, const std::string& path,
              SectionId section) {
    for (const Key& key : section_of(section).keys) {
      const YamlNode* there = file.find(key.name);
      const YamlNode* here = find(texts, key.name);
      const std::string at = child(path, key.name);
      if (key.name == kTitle) {
        if (lacks_title(file, texts)) missing_.push_back(at);
      } else if (there == nullptr) {
        continue;
      } else if (key.form == Form::kText) {
        if (here == nullptr && is_text(section, key.name)) missing_.push_back(at);
      } else if (key.form == Form::kNamedValues) {
        search_names(*there, here, at);
      } else if (key.form == Form::kEntry) {
        search(*there, here, at, key.section);
      } else if (key.form != Form::kNames) {
        search_entries(*there, here, at, key);
      }
    }
  }

  std::vector<std::string> take() { return std::move(missing_); }

 private:
  // The id is no text, and the name of a product is mostly the same everywhere.
  static bool is_text(SectionId section, std::string_view key) {
    return section != SectionId::kTranslation || key == kDescription;
  }

  static bool is_short(const YamlNode* text) {
    return text != nullptr && characters(text->text) <= kMaxTitle;
  }

  static bool lacks_title(const YamlNode& file, const YamlNode* texts) {
    const bool has_one = file.find(kTitle) != nullptr || is_short(file.find(kDescription));
    if (!has_one || find(texts, kTitle) != nullptr) return false;
    const YamlNode* description = find(texts, kDescription);
    // A description that is missing is named by itself.
    if (description == nullptr) return file.find(kTitle) != nullptr;
    return !is_short(description);
  }

  void search_names(const YamlNode& file, const YamlNode* texts, const std::string& path) {
    for (const YamlMember& name : file.members) {
      if (find(texts, name.key) == nullptr) missing_.push_back(child(path, name.key));
    }
  }

  void search_entries(const YamlNode& file, const YamlNode* texts, const std::string& path,
                      const Key& key) {
    for (const YamlMember& entry : file.members) {
      const YamlNode* here = find(texts, entry.key);
      const std::string at = child(path, entry.key);
      if (!is_use(key, entry.key)) {
        search(entry.value, here, at, key.section);
      } else if (entry.value.kind != Kind::kSequence) {
        search(entry.value, here, at, SectionId::kUseTexts);
      } else {
        for (std::size_t k = 0; k < entry.value.items.size(); ++k) {
          const bool is_there = here != nullptr && k < here->items.size();
          search(entry.value.items[k], is_there ? &here->items[k] : nullptr, item(at, k),
                 SectionId::kUseTexts);
        }
      }
    }
  }

  std::vector<std::string> missing_;
};

}  // namespace

void put_texts(YamlNode& file, const YamlNode& translation, Mistakes& mistakes) {
  TextWriter(mistakes).put_entry(file, translation, "", SectionId::kTranslation);
}

std::vector<std::string> missing_texts(const YamlNode& file, const YamlNode& translation) {
  TextSearch search;
  search.search(file, &translation, "", SectionId::kTranslation);
  return search.take();
}

}  // namespace gridloom::catalog
