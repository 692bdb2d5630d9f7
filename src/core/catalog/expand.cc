#include "catalog/expand.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

using Kind = YamlNode::Kind;
// The values that placeholders stand for, by the names of the placeholders.
using Bindings = std::map<std::string, const YamlNode*, std::less<>>;

YamlNode* find(YamlNode& node, std::string_view key) {
  const auto found = std::ranges::find(node.members, key, &YamlMember::key);
  return found == node.members.end() ? nullptr : &found->value;
}

bool is_name(std::string_view text) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && is_lower(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string listed(const std::vector<std::string>& names) {
  return names.empty() ? "nothing" : join(names, "and");
}

// A placeholder in a text: "<n>".
struct Placeholder {
  std::size_t begin = 0;
  std::size_t size = 0;  // with the angle brackets
  std::string_view name;
};

std::optional<Placeholder> find_placeholder(std::string_view text) {
  for (auto begin = text.find('<'); begin != std::string_view::npos;
       begin = text.find('<', begin + 1)) {
    const auto end = text.find_first_of("<>", begin + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(begin + 1, end - begin - 1);
    if (text[end] == '>' && is_name(name)) {
      return Placeholder{.begin = begin, .size = name.size() + 2, .name = name};
    }
  }
  return std::nullopt;
}

// Copies nodes, up to a limit.
class Copier {
 public:
  // The placeholders that a node may have, and where they are declared.
  struct Scope {
    std::string path;  // "templates.phase"
    Bindings bindings{};
  };

  Copier(const ExpandLimits& limits, Mistakes& mistakes) : limits_(limits), mistakes_(mistakes) {}

  // Beyond the limit, which is recorded as a mistake once, copies are empty.
  [[nodiscard]] bool is_full() const { return is_full_; }

  // A copy with all placeholders replaced. A plain text that is a placeholder and nothing else
  // becomes the value that it stands for, which may have any form.
  YamlNode copy(const YamlNode& node, const Scope& scope) {
    YamlNode made;
    if (!spend(node.line, {.nodes = 1, .bytes = node.text.size()})) return made;
    if (const YamlNode* value = value_of(node, scope)) return copy(*value);
    made.kind = node.kind;
    made.plain = node.plain;
    made.line = node.line;
    made.text = fill_in(node.text, node.line, scope);
    for (const YamlNode& one : node.items) made.items.push_back(copy(one, scope));
    for (const YamlMember& member : node.members) {
      made.members.push_back({.key = fill_in(member.key, member.line, scope),
                              .line = member.line,
                              .value = copy(member.value, scope)});
    }
    return made;
  }

  YamlNode copy(const YamlNode& node) { return spend_all(node) ? node : YamlNode(); }

  // The text with all placeholders replaced.
  std::string fill_in(std::string_view text, int line, const Scope& scope) {
    std::string made;
    while (const auto next = find_placeholder(text)) {
      made += text.substr(0, next->begin);
      made += text_of(*next, line, scope);
      text.remove_prefix(next->begin + next->size);
    }
    return made.append(text);
  }

 private:
  // The size of a copy.
  struct Size {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
  };

  // The value of a plain text that is a placeholder and nothing else; otherwise nullptr.
  static const YamlNode* value_of(const YamlNode& node, const Scope& scope) {
    if (node.kind != Kind::kScalar || !node.plain) return nullptr;
    const auto only = find_placeholder(node.text);
    if (!only || only->size != node.text.size()) return nullptr;
    const auto bound = scope.bindings.find(only->name);
    return bound == scope.bindings.end() ? nullptr : bound->second;
  }

  std::string_view text_of(const Placeholder& placeholder, int line, const Scope& scope) {
    const auto bound = scope.bindings.find(placeholder.name);
    if (bound == scope.bindings.end()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : scope.bindings) names.push_back(fmt::format("<{}>", name));
      mistakes_.add(
          line, scope.path,
          fmt::format("<{}> stands for nothing: there is {}", placeholder.name, listed(names)));
      return {};
    }
    const YamlNode& value = *bound->second;
    if (value.kind != Kind::kScalar) {
      mistakes_.add(
          line, scope.path,
          fmt::format("<{}> is a part of a text here: its value must be a text", placeholder.name));
      return {};
    }
    if (!spend(line, {.nodes = 0, .bytes = value.text.size()})) return {};
    return value.text;
  }

  bool spend(int line, const Size& size) {
    if (is_full_) return false;
    spent_.nodes += size.nodes;
    spent_.bytes += size.bytes;
    is_full_ = spent_.nodes > limits_.nodes || spent_.bytes > limits_.bytes;
    if (is_full_) {
      mistakes_.add(
          line, "",
          fmt::format("defaults and templates make more than {} values or {} bytes of this file",
                      limits_.nodes, limits_.bytes));
    }
    return !is_full_;
  }

  bool spend_all(const YamlNode& node) {
    if (!spend(node.line, {.nodes = 1, .bytes = node.text.size()})) return false;
    return std::ranges::all_of(node.items, [&](const YamlNode& one) { return spend_all(one); }) &&
           std::ranges::all_of(node.members, [&](const YamlMember& member) {
             return spend(member.line, {.nodes = 0, .bytes = member.key.size()}) &&
                    spend_all(member.value);
           });
  }

  ExpandLimits limits_;
  Mistakes& mistakes_;
  Size spent_;
  bool is_full_ = false;
};

// Fields that several groups have in the same way.
struct Template {
  std::string path;  // "templates.phase"
  std::vector<std::string> parameters;
  std::vector<const YamlMember*> fields;
  int line = 1;
  bool is_used = false;
};

// Keys of all fields whose names begin with the group's.
struct Group {
  YamlNode keys;
  int line = 1;
  bool is_used = false;
};

// One use of a template.
struct Use {
  std::string prefix;  // of the fields' names
  std::string path;
  const YamlNode& node;
};

class Expander {
 public:
  Expander(const Entry& file, const ExpandLimits& limits)
      : file_(file), mistakes_(file.mistakes()), copier_(limits, mistakes_) {}

  void expand(YamlNode& root) {
    read_defaults();
    read_templates();
    if (YamlNode* fields = find(root, "fields")) expand_fields(*fields);
    if (YamlNode* reports = find(root, "reports")) {
      for (YamlMember& report : reports->members) {
        fill(report.key, report.value, reports_, SectionId::kReport);
      }
    }
    if (YamlNode* commands = find(root, "commands")) {
      for (YamlMember& command : commands->members) expand_command(command);
    }
  }

 private:
  // ---- defaults, groups and templates

  void share_lines(const YamlNode& node) {
    mistakes_.share(node.line);
    for (const YamlNode& one : node.items) share_lines(one);
    for (const YamlMember& member : node.members) {
      mistakes_.share(member.line);
      share_lines(member.value);
    }
  }

  // Checks the keys of what several entries take over.
  void check_part(const YamlNode& node, const std::string& path, SectionId section,
                  Variant variant = Variant::kPart) {
    check_keys(node, path, mistakes_, section, variant);
    share_lines(node);
  }

  void read_defaults() {
    const YamlNode* node = file_.find("defaults");
    if (node == nullptr) return;
    const Entry defaults(*node, "defaults", mistakes_, SectionId::kDefaults);
    const auto part = [&](std::string_view key, SectionId section) {
      const YamlNode* keys = defaults.find(key);
      if (keys != nullptr) check_part(*keys, child("defaults", key), section);
      return keys;
    };
    fields_ = part("fields", SectionId::kField);
    members_ = part("members", SectionId::kMember);
    params_ = part("params", SectionId::kParam);
    reports_ = part("reports", SectionId::kReport);
    commands_ = part("commands", SectionId::kCommand);
  }

  void read_templates() {
    file_.members("templates",
                  [&](const std::string& name, const YamlNode& node, std::string path) {
                    const Entry entry(node, std::move(path), mistakes_, SectionId::kTemplate);
                    if (!is_name(name)) entry.mistake("", kNameRule);
                    templates_.insert_or_assign(name, read_template(entry));
                  });
  }

  Template read_template(const Entry& entry) {
    Template made{.path = entry.path(), .parameters = {}, .fields = {}, .line = entry.node().line};
    entry.texts("parameters", made.parameters);
    for (const std::string& parameter : made.parameters) {
      if (is_name(parameter)) continue;
      entry.mistake("parameters", fmt::format("\"{}\": {}", parameter, kNameRule));
    }
    entry.members("fields",
                  [&](const std::string& /*name*/, const YamlNode& field, const std::string& path) {
                    check_part(field, path, SectionId::kField, Variant::kTemplate);
                  });
    if (const YamlNode* fields = entry.find("fields")) {
      for (const YamlMember& field : fields->members) made.fields.push_back(&field);
    }
    return made;
  }

  // A group that nothing uses is most likely a typing error.
  void check_used() {
    for (const auto& [name, group] : groups_) {
      if (group.is_used) continue;
      mistakes_.add(group.line, child("fields", name), "no field begins with this");
    }
    for (const auto& [name, one] : templates_) {
      if (one.is_used) continue;
      mistakes_.add(one.line, one.path, fmt::format("no key of fields ends with <{}>", name));
    }
  }

  // ---- entries

  // Adds the keys that the entry lacks. Keys that the section does not know were reported where
  // they stand.
  void fill(const std::string& name, YamlNode& entry, const YamlNode* from, SectionId section) {
    if (from == nullptr || entry.kind != Kind::kMapping) return;
    YamlNode bound;
    bound.kind = Kind::kScalar;
    bound.plain = false;
    bound.line = entry.line;
    bound.text = name;
    const Copier::Scope scope{.path = "defaults", .bindings = {{"name", &bound}}};
    for (const YamlMember& member : from->members) {
      if (section_of(section).find(member.key) == nullptr) continue;
      if (entry.find(member.key) != nullptr) continue;
      entry.members.push_back(
          {.key = member.key, .line = member.line, .value = copier_.copy(member.value, scope)});
    }
  }

  // Fills what an entry declares of the elements and members inside its value, at any depth.
  void fill_inside(YamlNode& entry, const YamlNode* from, SectionId section) {
    if (YamlNode* element = find(entry, "of")) {
      fill("", *element, from, section);
      fill_inside(*element, from, section);
    }
    for (const std::string_view key : {"fields", "forms"}) {
      YamlNode* const members = find(entry, key);
      if (members == nullptr) continue;
      for (YamlMember& member : members->members) {
        fill(member.key, member.value, from, section);
        fill_inside(member.value, from, section);
      }
    }
  }

  void expand_command(YamlMember& command) {
    fill(command.key, command.value, commands_, SectionId::kCommand);
    const YamlNode* own = command.value.find("defaults");
    if (own != nullptr) {
      check_part(*own, child(child("commands", command.key), "defaults"), SectionId::kParam);
    }
    YamlNode* params = find(command.value, "params");
    if (params == nullptr) return;
    for (YamlMember& param : params->members) {
      fill(param.key, param.value, own, SectionId::kParam);
      fill(param.key, param.value, params_, SectionId::kParam);
      fill_inside(param.value, params_, SectionId::kParam);
    }
  }

  // ---- fields

  void expand_fields(YamlNode& fields) {
    std::set<std::string> seen;
    std::vector<YamlMember> made;
    for (YamlMember& member : fields.members) {
      const std::string path = child("fields", member.key);
      const bool is_use = member.key.contains('<');
      if (!is_use && !member.key.ends_with('.')) {
        made.push_back(std::move(member));
      } else if (!seen.insert(member.key).second) {
        mistakes_.add(member.line, path, "this key occurs twice");
      } else if (is_use) {
        add_uses(member, path, made);
      } else {
        check_part(member.value, path, SectionId::kField);
        Group group{.keys = std::move(member.value), .line = member.line};
        groups_.emplace(member.key, std::move(group));
      }
    }
    fields.members = std::move(made);
    for (YamlMember& field : fields.members) {
      fill_from_groups(field);
      fill(field.key, field.value, fields_, SectionId::kField);
      fill_inside(field.value, members_, SectionId::kMember);
    }
    check_used();
  }

  // Fills from the longest group first.
  void fill_from_groups(YamlMember& field) {
    std::string_view prefix = field.key;
    for (auto dot = prefix.rfind('.'); dot != std::string_view::npos; dot = prefix.rfind('.')) {
      const auto group = groups_.find(prefix.substr(0, dot + 1));
      if (group != groups_.end()) {
        group->second.is_used = true;
        fill(field.key, field.value, &group->second.keys, SectionId::kField);
      }
      prefix = prefix.substr(0, dot);
    }
  }

  // ---- uses of templates

  // Adds the fields of "pv.<input>: {..}", or of each use in "pv.<input>: [{..}, {..}]".
  void add_uses(const YamlMember& member, const std::string& path, std::vector<YamlMember>& made) {
    const auto begin = member.key.find('<');
    const std::string_view name = std::string_view(member.key).substr(begin + 1);
    if (name.find('>') + 1 != name.size()) {
      return mistakes_.add(member.line, path,
                           "must end with the name of a template: group.<template>");
    }
    const auto found = templates_.find(name.substr(0, name.size() - 1));
    if (found == templates_.end()) {
      std::vector<std::string> names;
      names.reserve(templates_.size());
      for (const auto& [known, one] : templates_) names.push_back(known);
      return mistakes_.add(
          member.line, path,
          fmt::format("there is no such template: templates has {}", listed(names)));
    }
    Template& used = found->second;
    used.is_used = true;
    const std::string prefix = member.key.substr(0, begin);
    if (member.value.kind != Kind::kSequence) {
      return add_fields(used, {.prefix = prefix, .path = path, .node = member.value}, made);
    }
    for (std::size_t k = 0; k < member.value.items.size(); ++k) {
      const YamlNode& node = member.value.items[k];
      add_fields(used, {.prefix = prefix, .path = item(path, k), .node = node}, made);
    }
  }

  void add_fields(const Template& used, const Use& use, std::vector<YamlMember>& made) {
    if (copier_.is_full()) return;
    const Entry entry(use.node, use.path, mistakes_, SectionId::kUse);
    Copier::Scope scope{.path = used.path};
    if (!bind(used, entry, scope.bindings)) return;
    Changes changes = read_changes(entry);
    std::vector<std::string> names;
    for (const YamlMember* field : used.fields) {
      if (copier_.is_full()) return;
      const std::string& name = names.emplace_back(copier_.fill_in(field->key, field->line, scope));
      YamlMember& member = made.emplace_back();
      member.key = use.prefix + name;
      member.line = use.node.line;
      member.value = copier_.copy(field->value, scope);
      mistakes_.note(child("fields", member.key),
                     fmt::format("{}, used at line {}", used.path, use.node.line));
      const auto change = changes.find(name);
      if (change == changes.end()) continue;
      for (const auto& [key, value] : change->second) replace(member.value, key, *value);
      changes.erase(change);
    }
    for (const auto& [name, keys] : changes) {
      mistakes_.add(
          use.node.line, use.path,
          fmt::format("\"{}\" is not a field of {}, which has {}", name, used.path, listed(names)));
    }
  }

  // False: parameters are unknown or missing.
  bool bind(const Template& used, const Entry& entry, Bindings& bindings) {
    bool is_good = true;
    entry.members("with",
                  [&](const std::string& name, const YamlNode& value, const std::string& path) {
                    if (std::ranges::find(used.parameters, name) != used.parameters.end()) {
                      bindings.insert_or_assign(name, &value);
                      return;
                    }
                    is_good = false;
                    mistakes_.add(value.line, path,
                                  fmt::format("is not a parameter of {}, which has {}", used.path,
                                              listed(used.parameters)));
                  });
    for (const std::string& parameter : used.parameters) {
      if (bindings.contains(parameter)) continue;
      is_good = false;
      entry.mistake("with", fmt::format("lacks {}, a parameter of {}", parameter, used.path));
    }
    return is_good;
  }

  // Keys that a use adds to a field or replaces in it, by the field's name in the template.
  using Changes = std::map<std::string, std::map<std::string, const YamlNode*>, std::less<>>;

  Changes read_changes(const Entry& entry) {
    Changes changes;
    entry.members("sources",
                  [&](const std::string& name, const YamlNode& value, const std::string& /*path*/) {
                    changes[name]["source"] = &value;
                  });
    entry.members("fields",
                  [&](const std::string& name, const YamlNode& keys, const std::string& path) {
                    check_keys(keys, path, mistakes_, SectionId::kField, Variant::kPart);
                    for (const YamlMember& key : keys.members) {
                      if (section_of(SectionId::kField).find(key.key) == nullptr) continue;
                      changes[name][key.key] = &key.value;
                    }
                  });
    return changes;
  }

  void replace(YamlNode& field, const std::string& key, const YamlNode& value) {
    if (field.kind != Kind::kMapping) return;
    YamlMember made{.key = key, .line = value.line, .value = copier_.copy(value)};
    const auto old = std::ranges::find(field.members, key, &YamlMember::key);
    if (old != field.members.end()) {
      *old = std::move(made);
    } else {
      field.members.push_back(std::move(made));
    }
  }

  static constexpr std::string_view kNameRule =
      "must be lower-case letters, digits and _, a letter first";

  const Entry& file_;
  Mistakes& mistakes_;
  Copier copier_;
  const YamlNode* fields_ = nullptr;
  const YamlNode* members_ = nullptr;
  const YamlNode* params_ = nullptr;
  const YamlNode* reports_ = nullptr;
  const YamlNode* commands_ = nullptr;
  std::map<std::string, Template, std::less<>> templates_;
  std::map<std::string, Group, std::less<>> groups_;
};

}  // namespace

void expand(YamlNode& root, const Entry& file, const ExpandLimits& limits) {
  Expander(file, limits).expand(root);
}

}  // namespace gridloom::catalog
