#include "catalog/schema.h"

#include <fmt/core.h>

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

JsonObject entry(const Key& key) {
  return {{"$ref", fmt::format("#/definitions/{}", section_of(key.section).name)}};
}

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

// What the value of a key may be.
JsonObject form_of(const Key& key) {
  switch (key.form) {
    case Form::kText:
      return text();
    case Form::kChoice:
      return {{"enum", array_of(key.choices)}};
    case Form::kSource: {
      constexpr std::string_view kOne = R"((real|ours|[0-9]{3}:[0-9]+(-[0-9]+)?))";
      return {{"type", "string"}, {"pattern", fmt::format("^{0}(, *{0})*$", kOne)}};
    }
    case Form::kFlag:
      return {{"type", "boolean"}};
    case Form::kWhole:
      return {{"type", "integer"}};
    case Form::kSize:
      return {{"type", "integer"}, {"minimum", 0}};
    case Form::kNumber:
      return {{"type", "number"}};
    case Form::kRange: {
      JsonObject range = list_of({{"type", "number"}});
      range["minItems"] = 2;
      range["maxItems"] = 2;
      return range;
    }
    case Form::kTexts:
      return list_of(text());
    case Form::kTextOrTexts:
      return text_or_texts();
    case Form::kAny:
      return {};
    case Form::kList:
      return {{"type", "array"}};
    case Form::kValues:
      return {{"anyOf", JsonArray{named_values(), JsonObject{{"type", "array"}}}}};
    case Form::kNamedValues:
      return named_values();
    case Form::kObject:
      return {{"type", "object"}};
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
    case Form::kEntries:
      return mapping_to(entry(key));
    case Form::kItems:
      break;
  }
  return list_of(entry(key));
}

JsonObject definition_of(const Section& section) {
  JsonArray required;
  JsonObject properties;
  for (const Key& key : section.keys) {
    if (key.required) required.emplace_back(key.name);
    JsonObject property{{"description", key.description}};
    for (auto& member : form_of(key)) property.emplace(member.key(), std::move(member.value()));
    properties[key.name] = std::move(property);
  }
  JsonObject definition{{"type", "object"}};
  if (!required.empty()) definition["required"] = std::move(required);
  definition["properties"] = std::move(properties);
  definition["additionalProperties"] = false;
  return definition;
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

}  // namespace

std::string device_file_schema() {
  JsonObject schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                    {"title", "Gridloom device file"}};
  JsonObject definitions;
  for (const Section& section : sections()) {
    JsonObject definition = definition_of(section);
    if (&section != &section_of(SectionId::kFile)) {
      definitions[section.name] = std::move(definition);
      continue;
    }
    for (auto& member : definition) schema.emplace(member.key(), std::move(member.value()));
  }
  schema["definitions"] = std::move(definitions);
  std::string text;
  print(schema, 0, 0, text);
  return text + '\n';
}

}  // namespace gridloom::catalog
