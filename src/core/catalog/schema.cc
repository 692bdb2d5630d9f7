#include "catalog/schema.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/family.h"
#include "catalog/keys.h"
#include "wire/json.h"

namespace gridloom::catalog {
namespace {

// A line of the text holds a value that fits, whole.
constexpr std::size_t kColumns = 110;

// A scalar: the loader takes a plain 12 or true for a text as well.
JsonObject text() { return {{"type", JsonArray{"string", "number", "boolean"}}}; }

JsonObject list_of(JsonObject items) { return {{"type", "array"}, {"items", std::move(items)}}; }

JsonObject mapping_to(JsonObject values) {
  return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}

// The name of a section's definition.
std::string definition_name(SectionId section, Variant variant) {
  const std::string_view name = section_of(section).name;
  switch (variant) {
    case Variant::kWhole:
      break;
    case Variant::kPart:
      return fmt::format("{}_part", name);
    case Variant::kTemplate:
      return fmt::format("{}_template", name);
  }
  return std::string(name);
}

JsonObject definition(std::string_view name) {
  return {{"$ref", fmt::format("#/definitions/{}", name)}};
}

JsonObject entry(const Key& key) { return definition(definition_name(key.section, key.variant)); }

JsonArray array_of(std::span<const std::string_view> texts) {
  JsonArray array;
  for (const std::string_view one : texts) array.emplace_back(one);
  return array;
}

// A mapping of the key's choices to such values.
JsonObject chosen(const Key& key, const JsonObject& value) {
  JsonObject properties;
  for (const std::string_view one : key.choices) properties[one] = value;
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

JsonObject text_or_texts() { return {{"anyOf", JsonArray{text(), list_of(text())}}}; }

JsonObject named_values() {
  JsonObject name = text();
  name["minLength"] = 1;
  return mapping_to(std::move(name));
}

JsonObject source() {
  constexpr std::string_view kOne = R"((real|ours|[0-9]{3}(:[0-9]+(-[0-9]+)?)?))";
  return {{"type", "string"}, {"pattern", fmt::format("^{0}(, *{0})*$", kOne)}};
}

// Fields, groups of fields, and uses of templates; or the texts of these.
JsonObject fields(SectionId section) {
  const bool is_texts = section == SectionId::kFieldTexts;
  const JsonObject use = definition(is_texts ? "use_texts" : "use");
  return {{"type", "object"},
          {"patternProperties",
           JsonObject{{"<[a-z][a-z0-9_]*>$", JsonObject{{"anyOf", JsonArray{use, list_of(use)}}}},
                      {"\\.$", definition(is_texts ? "field_texts" : "field_part")}}},
          {"additionalProperties", definition(is_texts ? "field_texts" : "field")}};
}

JsonObject range() {
  JsonObject both = list_of({{"type", "number"}});
  both["minItems"] = 2;
  both["maxItems"] = 2;
  return both;
}

JsonObject type(const char* name) { return {{"type", name}}; }

// The JSON Schema of a key's value, if it is one value.
std::optional<JsonObject> form_of_value(const Key& key) {
  switch (key.form) {
    case Form::kText:
      return text();
    case Form::kChoice:
      return JsonObject{{"enum", array_of(key.choices)}};
    case Form::kSource:
      return source();
    case Form::kSources:
      return mapping_to(source());
    case Form::kFlag:
      return type("boolean");
    case Form::kWhole:
      return type("integer");
    case Form::kSize:
      return JsonObject{{"type", "integer"}, {"minimum", 0}};
    case Form::kNumber:
      return type("number");
    case Form::kRange:
      return range();
    case Form::kAny:
      return JsonObject();
    case Form::kObject:
      return type("object");
    default:
      return std::nullopt;
  }
}

// The JSON Schema of a key's value.
JsonObject form_of(const Key& key) {
  if (auto value = form_of_value(key)) return std::move(*value);
  switch (key.form) {
    case Form::kTexts:
      return list_of(key.choices.empty() ? text() : JsonObject{{"enum", array_of(key.choices)}});
    case Form::kTextOrTexts:
      return text_or_texts();
    case Form::kList:
      return {{"type", "array"}};
    case Form::kListOrValue:
      return {{"type", JsonArray{"array", "string", "number", "boolean"}}};
    case Form::kValues:
      return {{"anyOf", JsonArray{named_values(), JsonObject{{"type", "array"}}}}};
    case Form::kNamedValues:
      return named_values();
    case Form::kNames:
      return mapping_to(text());
    case Form::kTextLists:
      return mapping_to(list_of(text()));
    case Form::kNumbers:
      return chosen(key, {{"type", "number"}});
    case Form::kNumberMap:
      return mapping_to({{"type", "number"}});
    case Form::kChosenTexts:
      return chosen(key, text_or_texts());
    case Form::kEntry:
      return {{"allOf", JsonArray{entry(key)}}};  // draft 07 ignores what stands beside a $ref
    case Form::kEntryOrNone:
      return {{"anyOf", JsonArray{JsonObject{{"const", kNone}}, entry(key)}}};
    case Form::kEntries:
      return mapping_to(entry(key));
    case Form::kFields:
      return fields(key.section);
    case Form::kItemsOrSize:
      return {{"anyOf",
               JsonArray{JsonObject{{"type", "integer"}, {"minimum", 0}}, list_of(entry(key))}}};
    default:
      break;
  }
  return list_of(entry(key));
}

// The required keys of the section that an entry may inherit, or those that it may not.
JsonArray required_keys(const Section& section, bool inherited) {
  JsonArray names;
  for (const Key& key : section.keys) {
    if (key.required && key.inherited == inherited) names.emplace_back(key.name);
  }
  return names;
}

// A mapping of the section's keys.
JsonObject definition_of(const Section& section, Variant variant) {
  JsonObject properties;
  for (const Key& key : section.keys) {
    JsonObject form = form_of(key);
    if (variant == Variant::kTemplate && !form.empty()) {
      if (key.form == Form::kRange) {
        form["items"] =
            JsonObject{{"anyOf", JsonArray{std::move(form["items"]), definition("placeholder")}}};
      }
      form = {{"anyOf", JsonArray{std::move(form), definition("placeholder")}}};
    }
    JsonObject property{{"description", key.description}};
    for (auto& member : form) property.emplace(member.key(), std::move(member.value()));
    properties[key.name] = std::move(property);
  }
  JsonObject made{{"type", "object"}};
  JsonArray required = required_keys(section, false);
  if (variant == Variant::kWhole && !required.empty()) made["required"] = std::move(required);
  made["properties"] = std::move(properties);
  made["additionalProperties"] = false;
  return made;
}

// A whole entry of a section whose parts have a definition of their own.
JsonObject whole_by_part(SectionId id) {
  JsonObject whole{{"allOf", JsonArray{definition(definition_name(id, Variant::kPart))}}};
  JsonArray required = required_keys(section_of(id), false);
  if (!required.empty()) whole["required"] = std::move(required);
  return whole;
}

bool is_used(SectionId id, Variant variant) {
  return std::ranges::any_of(sections(), [&](const Section& section) {
    return std::ranges::any_of(
        section.keys, [&](const Key& key) { return key.section == id && key.variant == variant; });
  });
}

JsonObject definitions(SectionId file) {
  JsonObject all;
  for (std::size_t k = 1; k < sections_of_file(file).size(); ++k) {  // 0 is the file
    const auto id = static_cast<SectionId>(static_cast<std::size_t>(file) + k);
    const Section& section = section_of(id);
    if (is_used(id, Variant::kPart)) {
      all[definition_name(id, Variant::kPart)] = definition_of(section, Variant::kPart);
      all[section.name] = whole_by_part(id);
    } else {
      all[section.name] = definition_of(section, Variant::kWhole);
    }
    if (is_used(id, Variant::kTemplate)) {
      all[definition_name(id, Variant::kTemplate)] = definition_of(section, Variant::kTemplate);
    }
  }
  return all;
}

// In a file without defaults and groups, each entry itself has the keys that they could give.
void add_inherited_keys(JsonObject& schema) {
  JsonObject properties;
  for (const Key& key : section_of(SectionId::kFile).keys) {
    if (key.form != Form::kEntries && key.form != Form::kFields) continue;
    JsonArray names = required_keys(section_of(key.section), true);
    if (names.empty()) continue;
    JsonObject entries{{"additionalProperties", JsonObject{{"required", std::move(names)}}}};
    if (key.form == Form::kFields) entries["patternProperties"] = JsonObject{{"<", true}};
    properties[key.name] = std::move(entries);
  }
  const JsonObject no_group{{"propertyNames", JsonObject{{"pattern", "[^.]$"}}}};
  schema["if"] = JsonObject{{"properties", JsonObject{{"defaults", false}, {"fields", no_group}}}};
  schema["then"] = JsonObject{{"properties", std::move(properties)}};
}

// Indented text; a value that fits into its line stands there.
void print(const Json& value, std::size_t indent, std::size_t used, std::string& out) {
  const std::string compact = wire::to_text(value);
  const JsonObject* object = value.if_object();
  const JsonArray* array = value.if_array();
  if ((object == nullptr && array == nullptr) || used + compact.size() <= kColumns) {
    out += compact;
    return;
  }
  const std::string line = '\n' + std::string(indent + 2, ' ');
  std::string_view separator;
  out += object != nullptr ? '{' : '[';
  if (object != nullptr) {
    for (const auto& member : *object) {
      out.append(separator).append(line);
      wire::append_quoted(out, std::string_view(member.key()));
      out += ": ";
      print(member.value(), indent + 2, indent + member.key().size() + 6, out);
      separator = ",";
    }
  } else {
    for (const Json& one : *array) {
      out.append(separator).append(line);
      print(one, indent + 2, indent + 2, out);
      separator = ",";
    }
  }
  out.append("\n").append(indent, ' ');
  out += object != nullptr ? '}' : ']';
}

JsonObject schema_of(SectionId file, std::string_view title) {
  JsonObject schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", title}};
  for (auto& member : definition_of(section_of(file), Variant::kWhole)) {
    schema.emplace(member.key(), std::move(member.value()));
  }
  return schema;
}

std::string text_of(JsonObject schema, JsonObject parts) {
  schema["definitions"] = std::move(parts);
  std::string text;
  print(schema, 0, 0, text);
  return text + '\n';
}

}  // namespace

std::string device_file_schema() {
  JsonObject schema = schema_of(SectionId::kFile, "Gridloom device file");
  add_inherited_keys(schema);
  JsonObject all = definitions(SectionId::kFile);
  all["placeholder"] = JsonObject{{"type", "string"}, {"pattern", "<[a-z][a-z0-9_]*>"}};
  return text_of(std::move(schema), std::move(all));
}

std::string translation_schema() {
  return text_of(schema_of(SectionId::kTranslation, "Gridloom translation of a device file"),
                 definitions(SectionId::kTranslation));
}

std::string home_file_schema() {
  return text_of(schema_of(SectionId::kHome, "Gridloom home file"), definitions(SectionId::kHome));
}

}  // namespace gridloom::catalog
