// Reads the section of commands: params, effects and replies, each checked against the fields and
// params it refers to.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

bool is_number(FieldType type) { return type == FieldType::kInt || type == FieldType::kFloat; }

// ---- params

void check_param(const Entry& entry, const Param& param) {
  const bool number = is_number(param.type);
  const bool sized = param.type == FieldType::kArray || param.type == FieldType::kString;
  if (param.range && !number) entry.mistake("range", "only an int or a float can have it");
  if (param.range && !param.values.empty()) {
    entry.mistake("values",
                  "a param can have a range or values, not both; also adds values to a range");
  }
  if (!sized && (param.min_items || param.max_items)) {
    entry.mistake(param.min_items ? "min_items" : "max_items",
                  "only an array or a string can have it");
  }
  if (param.min_items && param.max_items && *param.min_items > *param.max_items) {
    entry.mistake("max_items", "is less than min_items");
  }
  if (entry.has("fields") && param.type != FieldType::kObject) {
    entry.mistake("fields", "only an object can have members");
  }
  if (entry.has("of") && param.type != FieldType::kArray) {
    entry.mistake("of", "only an array can have elements");
  }
  const auto is_bool = [](const Param& member) { return member.type == FieldType::kBool; };
  if (param.exactly_one && (param.fields.empty() || !std::ranges::all_of(param.fields, is_bool))) {
    entry.mistake("exactly_one", "only an object whose members are all bool can have it");
  }
  if (param.scale == 0) entry.mistake("scale", "cannot be 0");
  if (param.required && param.ignored) entry.mistake("ignored", "cannot be required as well");
  if (param.form_of.empty() != param.forms.empty()) {
    entry.mistake(param.forms.empty() ? "form_of" : "forms", "form_of and forms stand together");
  }
}

void check_spellings(const Entry& entry, std::string_view key, const std::vector<Param>& params) {
  std::vector<std::string_view> seen;
  seen.reserve(params.size());
  for (const Param& param : params) seen.emplace_back(param.name);
  for (const Param& param : params) {
    for (const std::string& alias : param.alias) {
      if (std::ranges::find(seen, alias) != seen.end()) {
        entry.mistake(
            key, fmt::format("{}: the alias {} is the name of another param", param.name, alias));
      }
      seen.emplace_back(alias);
    }
  }
}

// Forms are those of values of another param in the same place.
void check_forms(const Entry& entry, std::string_view key, const std::vector<Param>& params) {
  for (const Param& param : params) {
    if (param.forms.empty()) continue;
    const auto chooser = std::ranges::find(params, param.form_of, &Param::name);
    if (chooser == params.end()) {
      entry.mistake(key, fmt::format("{}: form_of must name a param beside it", param.name));
      continue;
    }
    for (const Param& form : param.forms) {
      const bool is_value = std::ranges::any_of(chooser->values, [&](const NamedValue& one) {
        return wire::to_text(one.value) == form.name;
      });
      if (is_value) continue;
      entry.mistake(key, fmt::format("{}: {} has no value {}, of which there is a form", param.name,
                                     param.form_of, form.name));
    }
  }
}

// The word in `unchanged` for all_ones().
constexpr std::string_view kAllOnes = "all_ones";

// The number whose bits are all ones, in the fewest bytes that leave it free beside the values that
// an int accepts: 255, 65535 or 4294967295. None: these values are unknown or too large.
std::optional<std::int64_t> all_ones(const Param& param) {
  if (!param.range && param.values.empty()) return std::nullopt;
  double most = param.range ? param.range->high : 0;
  for (const NamedValue& one : param.values) most = std::max(most, one.value.to_number<double>());
  for (const std::int64_t ones : {0xffLL, 0xffffLL, 0xffffffffLL}) {
    if (most < static_cast<double>(ones)) return ones;
  }
  return std::nullopt;
}

// Requires that type, range and values are read.
void read_unchanged(const Entry& entry, Param& param) {
  entry.value_or_values("unchanged", param.unchanged);
  for (Json& value : param.unchanged) {
    const auto* word = value.if_string();
    if (word != nullptr && std::string_view(*word) == kAllOnes && param.type == FieldType::kInt) {
      if (const auto ones = all_ones(param)) {
        value = *ones;
      } else {
        entry.mistake("unchanged", "all_ones needs a range or values, below 4294967295");
      }
    } else if (!fits(param.type, value)) {
      entry.mistake("unchanged",
                    fmt::format("{} is not of type {}", wire::to_text(value), name_of(param.type)));
    }
  }
}

void read_action(const Entry& entry, Param& param) {
  if (!entry.has("action")) return;
  std::int64_t number = 0;
  entry.whole("action", number);
  if (std::in_range<std::uint16_t>(number)) {
    param.action = static_cast<std::uint16_t>(number);
  } else {
    entry.mistake("action", fmt::format("{} must be 0 to 65535", number));
  }
}

Param read_inner(const std::string& name, const YamlNode& node, std::string path,
                 Mistakes& mistakes) {
  const Entry entry(node, std::move(path), mistakes, SectionId::kParam);
  if (entry.has("sets")) {
    entry.mistake("sets",
                  "is allowed for a top-level param only; use an effect with to: $param.member");
  }
  return read_param(name, entry);
}

// ---- effects

// Parses "$info.chName-10"; nullopt if the text is no such expression.
std::optional<Expr> parse_reference(std::string_view text) {
  text.remove_prefix(1);
  Expr expr;
  const auto sign = text.find_first_of("+-");
  expr.param = std::string(text.substr(0, sign));
  if (expr.param.empty() || expr.param.find(' ') != std::string::npos) return std::nullopt;
  if (sign == std::string_view::npos) return expr;
  std::string_view digits = text.substr(text[sign] == '+' ? sign + 1 : sign);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), expr.plus);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return expr;
}

// The context of an effect: its entry, and the command as read so far.
struct EffectScope {
  const Entry& entry;
  const Family& family;
  const Command& command;
};

void check_named(const EffectScope& scope, std::string_view key, const Expr& expr) {
  const ParamPath found = find_param(scope.command.params, expr.param);
  if (!found.known) {
    return scope.entry.mistake(
        key, fmt::format("${} is not a param of {}", expr.param, scope.command.name));
  }
  if (found.param == nullptr) return;
  if (found.param->ignored) {
    scope.entry.mistake(key, fmt::format("${} is ignored: it cannot have an effect", expr.param));
  }
  if (expr.plus != 0 && found.param->type != FieldType::kInt) {
    scope.entry.mistake(key, fmt::format("${} is not an int: nothing can be added", expr.param));
  }
}

Expr read_expr(const EffectScope& scope, std::string_view key, Json value) {
  if (!value.is_string() || !value.get_string().starts_with('$')) {
    return {.literal = std::move(value), .param = {}, .plus = 0};
  }
  const std::optional<Expr> expr = parse_reference(value.get_string());
  if (!expr) {
    scope.entry.mistake(key, fmt::format("{} must be $param, $param.member, $param+1 or $param-10",
                                         wire::to_text(value)));
    return {};
  }
  check_named(scope, key, *expr);
  return *expr;
}

// Checks that the field can hold the value of the effect, as far as the types show.
void check_type(const EffectScope& scope, std::string_view key, const Effect& effect) {
  const Field& field = scope.family.fields[scope.family.field_by_name.find(effect.field)->second];
  const auto wrong = [&](std::string_view what) {
    scope.entry.mistake(
        key, fmt::format("{} is {}; this puts {} there", field.name, name_of(field.type), what));
  };
  if (!effect.at.empty()) {
    const bool deep = field.type == FieldType::kArray || field.type == FieldType::kObject ||
                      field.type == FieldType::kAny;
    if (!deep) {
      scope.entry.mistake("at", fmt::format("{} is {}: only an array or object has places",
                                            field.name, name_of(field.type)));
    }
    return;
  }
  for (const auto& [text, value] : effect.map) {
    if (!fits(field.type, value)) wrong(wire::to_text(value));
  }
  if (effect.as_bool) {
    if (!fits(field.type, true)) wrong("bool");
    return;
  }
  if (effect.to.param.empty()) {
    if (!fits(field.type, effect.to.literal)) wrong(wire::to_text(effect.to.literal));
    return;
  }
  const Param* param = find_param(scope.command.params, effect.to.param).param;
  if (param == nullptr || !effect.map.empty()) return;
  const bool same = param->type == field.type ||
                    (is_number(param->type) && is_number(field.type)) ||
                    param->type == FieldType::kAny || field.type == FieldType::kAny;
  if (!same) wrong(fmt::format("${}, {},", param->name, name_of(param->type)));
}

bool check_field(const EffectScope& scope, std::string_view key, const std::string& name) {
  if (is_field(scope.family, name)) return true;
  scope.entry.mistake(key, fmt::format("\"{}\" is not a field of this family", name));
  return false;
}

void read_sets(const Entry& entry, const Family& family, Command& command) {
  std::vector<std::string> names;
  entry.text_or_texts("sets", names);
  const EffectScope scope{.entry = entry, .family = family, .command = command};
  for (std::string& name : names) {
    Effect effect;
    effect.field = std::move(name);
    effect.to.param = command.params.back().name;
    check_named(scope, "sets", effect.to);
    if (!check_field(scope, "sets", effect.field)) continue;
    check_type(scope, "sets", effect);
    command.effects.push_back(std::move(effect));
  }
}

void read_when(const EffectScope& scope, Effect& effect) {
  scope.entry.members(
      "when", [&](const std::string& name, const YamlNode& value, std::string path) {
        if (!find_param(scope.command.params, name).known) {
          scope.entry.mistakes().add(value.line, path,
                                     fmt::format("is not a param of {}", scope.command.name));
        }
        effect.when[name] = to_json(value, path, scope.entry.mistakes());
      });
}

void read_effect(const YamlNode& node, std::string path, const Entry& command_entry,
                 const Family& family, Command& command) {
  const Entry entry(node, std::move(path), command_entry.mistakes(), SectionId::kEffect);
  const EffectScope scope{.entry = entry, .family = family, .command = command};
  Effect effect;
  entry.text("set", effect.field);
  std::vector<Json> steps;
  entry.values("at", steps);
  for (Json& step : steps) effect.at.push_back(read_expr(scope, "at", std::move(step)));
  Json to;
  entry.json("to", to);
  effect.to = read_expr(scope, "to", std::move(to));
  entry.number("times", effect.times);
  entry.members("map", [&](const std::string& key, const YamlNode& value, const std::string& at) {
    effect.map[key] = to_json(value, at, entry.mistakes());
  });
  std::string as;
  entry.choice("as", as);
  effect.as_bool = as == "bool";
  read_when(scope, effect);
  if (entry.has("bit")) {
    entry.whole("bit", effect.bit.emplace());
    constexpr std::int64_t kLastBit = 62;
    if (*effect.bit < 0 || *effect.bit > kLastBit) {
      entry.mistake("bit", fmt::format("{} must be 0 to {}", *effect.bit, kLastBit));
      effect.bit = 0;
    }
  }
  if (!entry.has("set") || !entry.has("to") || !check_field(scope, "set", effect.field)) return;
  check_type(scope, "to", effect);
  command.effects.push_back(std::move(effect));
}

// ---- the command

void read_select(const Entry& entry, const Family& family, Command& command) {
  entry.members("select", [&](const std::string& key, const YamlNode& value, std::string path) {
    if (std::ranges::find(family.select, key) == family.select.end()) {
      return entry.mistakes().add(
          value.line, path,
          fmt::format("the family's select has only {}", join(family.select, "and")));
    }
    if (value.kind != YamlNode::Kind::kScalar) {
      return entry.mistakes().add(value.line, path, "must be a number or a text");
    }
    command.select.emplace_back(key, to_json(value, path, entry.mistakes()));
  });
  for (const std::string& path : family.select) {
    const bool there =
        std::ranges::find(command.select, path, &std::pair<std::string, Json>::first) !=
        command.select.end();
    if (!there) entry.mistake("select", fmt::format("{} is missing", path));
  }
}

void read_example(const Entry& entry, Command& command) {
  entry.object("example", command.example);
  for (const auto& member : command.example) {
    const std::string_view param = member.key();
    if (std::ranges::find(command.params, param, &Param::name) != command.params.end()) continue;
    entry.mistake("example", fmt::format("\"{}\" is not a param", param));
  }
}

// Requires that `by` is read.
void read_shown_by(const Entry& entry, const Family& family, Command& command) {
  entry.texts("shown_by", command.shown_by);
  if (entry.has("shown_by") && !command.by_model) entry.mistake("shown_by", "needs by: model");
  std::erase_if(command.shown_by, [&](const std::string& field) {
    if (is_field(family, field)) return false;
    entry.mistake("shown_by", fmt::format("\"{}\" is not a field", field));
    return true;
  });
}

Command read_command(const std::string& name, const YamlNode& node, std::string path,
                     const Entry& file, const Family& family) {
  const Entry entry(node, std::move(path), file.mistakes(), SectionId::kCommand);
  Command command;
  command.name = name;
  entry.text("description", command.description);
  entry.title(command.description, command.title);
  entry.flag("dangerous", command.dangerous);
  std::string group;
  entry.choice("group", group);
  const auto* const known =
      std::ranges::find(kCommandGroups, group, [](CommandGroup each) { return name_of(each); });
  if (known != kCommandGroups.end()) command.group = *known;
  read_select(entry, family, command);
  entry.members("params", [&](const std::string& key, const YamlNode& value, std::string at) {
    const Entry param(value, std::move(at), file.mistakes(), SectionId::kParam);
    command.params.push_back(read_param(key, param));
    read_sets(param, family, command);
  });
  check_spellings(entry, "params", command.params);
  check_forms(entry, "params", command.params);
  read_example(entry, command);
  entry.items("effects", [&](const YamlNode& value, std::string at) {
    read_effect(value, std::move(at), entry, family, command);
  });
  std::string by;
  entry.choice("by", by);
  command.by_model = by == "model";
  read_shown_by(entry, family, command);
  const ReferenceScope scope{.family = family, .command = &command, .request = true};
  entry.object("reply", command.reply);
  check_references(command.reply, entry, "reply", scope);
  entry.object("envelope", command.envelope);
  check_references(command.envelope, entry, "envelope", scope);
  command.valid_while = read_formula(entry, "valid_while", family);
  entry.object("refusal", command.refusal);
  check_references(command.refusal, entry, "refusal", scope);
  if (entry.has("refusal") != entry.has("valid_while")) {
    entry.mistake("refusal", "goes together with valid_while");
  }
  std::string refused_with;
  entry.choice("refused_with", refused_with);
  if (refused_with == code_of(ErrorCode::kInvalidValue).code) {
    command.refused_with = ErrorCode::kInvalidValue;
  }
  entry.object("set", command.set);
  check_references(command.set, entry, "set", {.family = family, .set = true});
  entry.flag("partial", command.partial);
  entry.source(command.source);
  return command;
}

// The selector as text: "11" and 11 are the same selector.
std::string selector(const Command& command) {
  std::string text;
  for (const auto& [path, value] : command.select) {
    text += wire::plain_text(value);
    text += '\n';
  }
  return text;
}

void check_selectors(const Entry& file, const std::vector<Command>& commands) {
  std::map<std::string, const Command*> seen;
  for (const Command& command : commands) {
    const auto [at, fresh] = seen.emplace(selector(command), &command);
    if (fresh) continue;
    file.mistakes().add(file.find("commands")->find(command.name)->line,
                        fmt::format("commands.{}.select", command.name),
                        fmt::format("selects the same sets as {}", at->second->name));
  }
}

void fill_written_by(Family& family) {
  for (const Command& command : family.commands) {
    const auto add = [&](const std::string& field) {
      auto& names = family.fields[family.field_by_name.find(field)->second].written_by;
      if (std::ranges::find(names, command.name) == names.end()) names.push_back(command.name);
    };
    std::ranges::for_each(command.effects, add, &Effect::field);
    std::ranges::for_each(command.shown_by, add);
  }
}

}  // namespace

Param read_param(const std::string& name, const Entry& entry) {
  Param param;
  param.name = name;
  read_type(entry, param.type);
  entry.unit_and_scale(param.unit, param.scale);
  entry.text("description", param.description);
  entry.title(param.description, param.title);
  entry.range("range", param.range);
  entry.named_values("values", param.type, param.values);
  entry.values("also", param.also);
  read_unchanged(entry, param);
  entry.texts("alias", param.alias);
  entry.flag("required", param.required);
  entry.flag("ignored", param.ignored);
  read_never(entry, param.unit, param.never);
  entry.size("min_items", param.min_items);
  entry.size("max_items", param.max_items);
  entry.flag("exactly_one", param.exactly_one);
  read_action(entry, param);
  entry.members("fields", [&](const std::string& key, const YamlNode& value, std::string path) {
    param.fields.push_back(read_inner(key, value, std::move(path), entry.mistakes()));
  });
  check_spellings(entry, "fields", param.fields);
  check_forms(entry, "fields", param.fields);
  entry.text("form_of", param.form_of);
  entry.members("forms", [&](const std::string& key, const YamlNode& value, std::string path) {
    param.forms.push_back(read_inner(key, value, std::move(path), entry.mistakes()));
  });
  if (const YamlNode* of = entry.find("of"); of != nullptr && param.type == FieldType::kArray) {
    param.fields = {read_inner("", *of, child(entry.path(), "of"), entry.mistakes())};
  }
  check_param(entry, param);
  return param;
}

ParamPath find_param(const std::vector<Param>& params, std::string_view dotted) {
  const auto dot = dotted.find('.');
  const auto param = std::ranges::find(params, dotted.substr(0, dot), &Param::name);
  if (param == params.end()) return {};
  if (dot == std::string_view::npos) return {.known = true, .param = &*param};
  if (param->type == FieldType::kAny) return {.known = true, .param = nullptr};
  if (param->type != FieldType::kObject) return {};
  if (param->fields.empty()) return {.known = true, .param = nullptr};
  return find_param(param->fields, dotted.substr(dot + 1));
}

void read_select_aliases(const Entry& file, Family& family) {
  const auto selects = [&](std::string_view path) {
    return std::ranges::find(family.select, path) != family.select.end();
  };
  file.members("select_aliases", [&](const std::string& key, const YamlNode& value,
                                     const std::string& path) {
    const auto wrong = [&](std::string_view what) { file.mistakes().add(value.line, path, what); };
    if (selects(key)) return wrong("is a member of select itself");
    if (value.kind != YamlNode::Kind::kScalar || !selects(value.text)) {
      return wrong(fmt::format("must be a member of select: {}", join(family.select, "or")));
    }
    family.select_aliases[key] = value.text;
  });
}

void read_commands(const Entry& file, Family& family) {
  file.texts("select", family.select);
  read_select_aliases(file, family);
  file.members("commands", [&](const std::string& key, const YamlNode& value, std::string path) {
    family.commands.push_back(read_command(key, value, std::move(path), file, family));
  });
  if (!family.commands.empty() && family.select.empty()) {
    file.mistake("select", "is missing: must name the members of a set that select its command");
  }
  if (!family.commands.empty() && (family.passthrough || family.read_only)) {
    file.mistake("commands", "a passthrough or read_only family cannot have commands");
  }
  check_selectors(file, family.commands);
  fill_written_by(family);
}

}  // namespace gridloom::catalog
