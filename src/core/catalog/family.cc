// Lookups in the immutable tables: fields by quota name, commands by selector, families by serial
// number.
#include "catalog/family.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

const Json* at_path(const JsonObject& message, std::string_view dotted) {
  const JsonObject* object = &message;
  for (;;) {
    const auto dot = dotted.find('.');
    const Json* value = object->if_contains(dotted.substr(0, dot));
    if (value == nullptr || dot == std::string_view::npos) return value;
    object = value->if_object();
    if (object == nullptr) return nullptr;
    dotted.remove_prefix(dot + 1);
  }
}

// The member at one of a family's select paths, or at another spelling of it.
const Json* selecting(const Family& family, const JsonObject& message, const std::string& path) {
  if (const Json* value = at_path(message, path)) return value;
  for (const auto& [other, meant] : family.select_aliases) {
    if (meant != path) continue;
    if (const Json* value = at_path(message, other)) return value;
  }
  return nullptr;
}

// The value that every command has at a part of the selector: it tells none from another, and some
// clients leave it out. nullptr if there are several values, or no other part that could select.
const Json* value_of_all(const Family& family, const std::string& path) {
  const Json* common = nullptr;
  for (const Command& command : family.commands) {
    for (const auto& [at, value] : command.select) {
      if (at != path) continue;
      if (common != nullptr && *common != value) return nullptr;
      common = &value;
    }
  }
  return family.commands.size() > 1 ? common : nullptr;
}

// Clients send selectors as numbers or as strings of digits.
std::string loose_text(const Json& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (wire::is_whole(value)) return std::to_string(wire::whole(value));
  return wire::to_text(value);
}

void walk(const Field& field, const Json& value, const std::string& path, const OnValue& on_value) {
  on_value(field, value, path);
  if (field.fields.empty()) return;
  if (const JsonArray* elements = value.if_array();
      elements != nullptr && field.type == FieldType::kArray) {
    for (std::size_t k = 0; k < elements->size(); ++k) {
      walk(field.fields.front(), (*elements)[k], fmt::format("{}[{}]", path, k), on_value);
    }
  } else if (const JsonObject* members = value.if_object();
             members != nullptr && field.type == FieldType::kObject) {
    for (const Field& member : field.fields) {
      const Json* inside = members->if_contains(member.name);
      if (inside == nullptr) continue;
      walk(member, *inside, path.empty() ? member.name : path + '.' + member.name, on_value);
    }
  }
}

FamilyPtr unknown_family() {
  auto family = std::make_shared<Family>();
  family->id = "generic";
  family->passthrough = true;
  return family;
}

}  // namespace

std::string_view text_of(Unserved reason) {
  switch (reason) {
    case Unserved::kRefused:
      return "the vendor's platform refuses it (1006)";
    case Unserved::kAppChannel:
      return "only the vendor's app gets its values";
    case Unserved::kThroughHost:
      return "its values come with those of the device that it belongs to";
    case Unserved::kFirstGeneration:
      return "it was made before the platform had an open interface";
    case Unserved::kNoValues:
      return "the vendor's platform lists it without values";
    case Unserved::kNotDocumented:
      break;
  }
  return "nobody has published what it reports";
}

std::string_view name_of(FieldType type) {
  switch (type) {
    case FieldType::kInt:
      return "int";
    case FieldType::kFloat:
      return "float";
    case FieldType::kString:
      return "string";
    case FieldType::kBool:
      return "bool";
    case FieldType::kArray:
      return "array";
    case FieldType::kObject:
      return "object";
    case FieldType::kAny:
      break;
  }
  return "any";
}

bool is_numeric(FieldType type) {
  return type == FieldType::kInt || type == FieldType::kFloat || type == FieldType::kBool;
}

bool fits(FieldType type, const Json& value) {
  switch (type) {
    case FieldType::kInt:
      return wire::is_whole(value);
    case FieldType::kFloat:
      return value.is_number();
    case FieldType::kString:
      return value.is_string();
    case FieldType::kBool:
      return value.is_bool();
    case FieldType::kArray:
      return value.is_array();
    case FieldType::kObject:
      return value.is_object();
    case FieldType::kAny:
      break;
  }
  return true;
}

bool same_value(const Json& a, const Json& b) {
  if (wire::is_whole(a) && wire::is_whole(b)) return wire::whole(a) == wire::whole(b);
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

bool contains(const std::vector<NamedValue>& values, const Json& value) {
  return std::ranges::any_of(values,
                             [&](const NamedValue& one) { return same_value(one.value, value); });
}

std::string text_of(const NamedValue& value) {
  std::string text = wire::to_text(value.value);
  if (!value.name.empty()) text.append(" (").append(value.name).append(")");
  return text;
}

std::string named(const std::vector<NamedValue>& values, const Json& value) {
  for (const NamedValue& one : values) {
    if (same_value(one.value, value)) return text_of(one);
  }
  return wire::to_text(value);
}

std::optional<std::int64_t> meant(const Field& field, std::int64_t sent) {
  if (field.signed_bits == 0) return std::nullopt;
  const std::int64_t half = std::int64_t{1} << (field.signed_bits - 1);
  return sent >= half && sent < 2 * half ? std::optional(sent - 2 * half) : std::nullopt;
}

std::string named(const Field& field, const Json& value) {
  if (field.bits.empty() || !wire::is_whole(value)) return named(field.values, value);
  const auto mask = static_cast<std::uint64_t>(wire::whole(value));
  std::string names;
  for (const NamedValue& bit : field.bits) {
    if (((mask >> static_cast<unsigned>(wire::whole(bit.value))) & 1U) == 0) continue;
    names.append(names.empty() ? "" : ", ").append(bit.name);
  }
  return text_of({.value = value, .name = std::move(names)});
}

bool may_report_errors(const Field& field) {
  return field.error || std::ranges::any_of(field.fields, may_report_errors);
}

bool is_error(const Field& field, const Json& value) {
  const auto ok = [&](const Json& one) {
    return std::ranges::any_of(field.ok, [&](const Json& good) { return same_value(good, one); });
  };
  if (!field.error || ok(value)) return false;
  const JsonArray* elements = value.if_array();
  return elements == nullptr || !std::ranges::all_of(*elements, ok);
}

void for_each_value(const Field& field, const Json& value, const OnValue& on_value) {
  walk(field, value, "", on_value);
}

bool starts_with_number(const Field& field, const Json& initial) {
  return initial.is_number() && initial.to_number<double>() != 0 &&
         !(field.absent && same_value(*field.absent, initial));
}

bool Report::carries(std::string_view field) const {
  return std::ranges::any_of(fields, [&](const std::string& name) {
    return name.ends_with('.') ? field.starts_with(name) : field == name;
  });
}

const Field* Family::field(std::string_view quota) const {
  if (const auto at = field_by_name.find(quota); at != field_by_name.end()) {
    return &fields[at->second];
  }
  // A module's serial number takes the place of '*' in the table; it is never the first segment.
  std::string starred;
  for (auto dot = quota.find('.'); dot != std::string_view::npos; dot = quota.find('.', dot + 1)) {
    const auto end = quota.find('.', dot + 1);
    if (end == dot + 1) continue;
    starred.assign(quota.substr(0, dot + 1));
    starred += '*';
    if (end != std::string_view::npos) starred += quota.substr(end);
    if (const auto at = field_by_name.find(starred); at != field_by_name.end()) {
      return &fields[at->second];
    }
  }
  return nullptr;
}

std::vector<std::pair<std::string, const Field*>> Family::slot_names() const {
  std::vector<std::pair<std::string, const Field*>> slots;
  slots.reserve(fields.size());
  for (const Field& field : fields) {
    const auto star = field.name.find('*');
    if (star == std::string::npos) {
      slots.emplace_back(field.name, &field);
      continue;
    }
    const auto modules = virtual_devices.modules.find(field.name.substr(0, field.name.find('.')));
    if (modules == virtual_devices.modules.end()) continue;
    for (const std::string& module : modules->second) {
      std::string name = field.name;
      slots.emplace_back(name.replace(star, 1, module), &field);
    }
  }
  return slots;
}

Result<const Command*> Family::find_command(const JsonObject& message) const {
  std::vector<std::string> asked;
  for (const std::string& path : select) {
    const Json* value = selecting(*this, message, path);
    if (value == nullptr) value = value_of_all(*this, path);
    if (value == nullptr) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("{} is missing: a set names {}", path, join(select, "and")));
    }
    asked.push_back(loose_text(*value));
  }
  for (const Command& command : commands) {
    bool same = true;
    for (const auto& [path, value] : command.select) {
      const auto index = std::ranges::find(select, path) - select.begin();
      same = same && asked[static_cast<std::size_t>(index)] == loose_text(value);
    }
    if (same) return &command;
  }
  return nullptr;
}

const Command* Family::find_modbus_command(const JsonObject& message) const {
  const auto found =
      std::ranges::find(modbus_commands, wire::text_in(message, kModbusSelector), &Command::name);
  return found == modbus_commands.end() ? nullptr : &*found;
}

std::string Family::unknown_command(const JsonObject& message) const {
  std::string paths;
  std::string asked;
  for (const std::string& path : select) {
    const Json* value = selecting(*this, message, path);
    paths.append(paths.empty() ? "" : " ").append(path);
    asked.append(asked.empty() ? "" : " ").append(value == nullptr ? "-" : loose_text(*value));
  }
  std::vector<std::string> known;
  for (const Command& command : commands) {
    std::string& words = known.emplace_back();
    for (const auto& [path, value] : command.select) {
      words.append(words.empty() ? "" : " ").append(loose_text(value));
    }
  }
  return fmt::format("{} is {}: no command of {}, which has {}", paths, wire::shortened(asked),
                     product, join(known, "and"));
}

std::string simulated_sn(const Family& family, std::size_t number) {
  return fmt::format("{}SIM{:08}", family.prefixes.empty() ? "" : family.prefixes.front(), number);
}

Catalog::Catalog(std::vector<FamilyPtr> families, std::vector<FamilyPtr> german,
                 std::vector<Product> products)
    : families_(std::move(families)), german_(std::move(german)), products_(std::move(products)) {
  const auto found =
      std::ranges::find_if(families_, [](const auto& family) { return family->passthrough; });
  passthrough_ = found == families_.end() ? unknown_family() : *found;
}

const FamilyPtr& Catalog::of_serial(std::string_view sn) const {
  const FamilyPtr* best = &passthrough_;
  std::size_t longest = 0;
  for (const FamilyPtr& family : families_) {
    for (const std::string& prefix : family->prefixes) {
      if (prefix.size() <= longest || !sn.starts_with(prefix)) continue;
      best = &family;
      longest = prefix.size();
    }
  }
  if (best == &passthrough_) return *best;
  const Product* product = product_of(sn);
  const bool unserved = product != nullptr && product->unserved && product->prefix.size() > longest;
  return unserved ? passthrough_ : *best;
}

const Product* Catalog::product_of(std::string_view sn) const {
  const Product* best = nullptr;
  for (const Product& product : products_) {
    if (best != nullptr && product.prefix.size() <= best->prefix.size()) continue;
    if (sn.starts_with(product.prefix)) best = &product;
  }
  return best;
}

const std::string& Catalog::product_name(std::string_view sn) const {
  const Product* product = product_of(sn);
  return product == nullptr ? of_serial(sn)->product : product->name;
}

const std::string& Catalog::listed_product(std::string_view sn) const {
  const FamilyPtr& family = of_serial(sn);
  return family->listed_by_alias ? family->product_alias : product_name(sn);
}

FamilyPtr Catalog::find(std::string_view id) const {
  for (const FamilyPtr& family : families_) {
    if (family->id == id) return family;
  }
  return nullptr;
}

FamilyPtr Catalog::in_language(const FamilyPtr& family, Language language) const {
  const FamilyPtr translated = find(family->id, language);
  return translated == nullptr ? family : translated;
}

FamilyPtr Catalog::find(std::string_view id, Language language) const {
  if (language == Language::kGerman) {
    const auto found = std::ranges::find(
        german_, id, [](const FamilyPtr& one) -> std::string_view { return one->id; });
    if (found != german_.end()) return *found;
  }
  return find(id);
}

}  // namespace gridloom::catalog
