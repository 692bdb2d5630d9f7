#include "api/schema/json_schema.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace gridloom::api::schema {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

class Schemas {
 public:
  void add(const Body& body) {
    if (named_.contains(body.name)) return;
    named_[body.name] = JsonObject();  // it may refer to itself
    named_[body.name] = schema_of(body);
  }
  [[nodiscard]] JsonObject take() { return std::move(named_); }

 private:
  JsonObject schema_of(const Body& body);
  JsonObject schema_of(const Type& type);
  JsonObject form_of(const Type& type);
  JsonObject map_of(const Type& names, const Type& values);
  JsonArray all_of(std::span<const Type* const> types);

  JsonObject named_;
};

JsonObject typed(std::string_view type) { return {{"type", type}}; }

JsonArray words_of(const Type& type) {
  JsonArray words;
  for (const std::string_view word : type.words()) words.emplace_back(word);
  return words;
}

// The same, or null.
JsonObject or_null(JsonObject schema) {
  if (schema.contains("type") && !schema.contains("enum")) {
    schema["type"] = JsonArray{schema["type"], "null"};
    return schema;
  }
  return {{"oneOf", JsonArray{std::move(schema), typed("null")}}};
}

JsonObject Schemas::schema_of(const Body& body) {
  JsonObject schema = typed("object");
  if (body.or_list) schema["type"] = JsonArray{"object", "array"};
  if (!body.text.empty()) schema["description"] = body.text;
  JsonArray required;
  JsonObject properties;
  for (const Member& member : body.members) {
    if (member.is_required) required.emplace_back(member.name);
    JsonObject property = schema_of(member.type);
    const std::string text = description_of(member.facts);
    if (!text.empty()) property["description"] = text;
    if (member.facts.min_length > 0) property["minLength"] = member.facts.min_length;
    properties[member.name] = std::move(property);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  if (!properties.empty()) schema["properties"] = std::move(properties);
  if (body.is_open) schema["additionalProperties"] = true;
  if (!body.example.empty()) {
    auto example = wire::parse_json(body.example);
    if (example) schema["examples"] = JsonArray{std::move(*example)};
  }
  return schema;
}

JsonObject Schemas::schema_of(const Type& type) {
  const bool is_named =
      !type.name.empty() && type.kind != TypeKind::kConstant && type.kind != TypeKind::kBody;
  JsonObject schema;
  if (is_named) {
    if (!named_.contains(type.name)) named_[type.name] = form_of(type);
    schema = reference(type.name);
  } else {
    schema = form_of(type);
  }
  return type.or_null ? or_null(std::move(schema)) : schema;
}

JsonObject Schemas::form_of(const Type& type) {
  switch (type.kind) {
    case TypeKind::kAny:
      return {};
    case TypeKind::kObject:
      return {{"type", "object"}, {"additionalProperties", true}};
    case TypeKind::kNull:
      return typed("null");
    case TypeKind::kBool:
      return typed("boolean");
    case TypeKind::kInteger:
      return typed("integer");
    case TypeKind::kNumber:
      return typed("number");
    case TypeKind::kText:
      return typed("string");
    case TypeKind::kConstant:
      return {{"const", type.name}};
    case TypeKind::kWords:
      return {{"type", "string"}, {"enum", words_of(type)}};
    case TypeKind::kList:
      return {{"type", "array"}, {"items", schema_of(*type.inner.front())}};
    case TypeKind::kTuple:
      return {{"type", "array"},
              {"prefixItems", all_of(type.inner)},
              {"minItems", type.least},
              {"maxItems", type.inner.size()}};
    case TypeKind::kUnion:
      return {{"oneOf", all_of(type.inner)}};
    case TypeKind::kMap:
      return map_of(*type.inner.front(), *type.inner.back());
    case TypeKind::kBody:
      add(type.body());
      return reference(type.body().name);
  }
  std::unreachable();
}

JsonObject Schemas::map_of(const Type& names, const Type& values) {
  JsonObject schema{{"type", "object"}, {"additionalProperties", schema_of(values)}};
  if (names.kind == TypeKind::kWords) schema["propertyNames"] = schema_of(names);
  return schema;
}

JsonArray Schemas::all_of(std::span<const Type* const> types) {
  JsonArray schemas;
  for (const Type* type : types) schemas.emplace_back(schema_of(*type));
  return schemas;
}

}  // namespace

JsonObject reference(std::string_view schema) {
  return {{"$ref", fmt::format("#/components/schemas/{}", schema)}};
}

std::string description_of(const Facts& facts) {
  if (facts.unit.empty()) return std::string(facts.text);
  if (facts.text.empty()) return fmt::format("In {}", facts.unit);
  return fmt::format("In {}. {}", facts.unit, facts.text);
}

JsonObject json_schemas(std::span<const BodyOf> bodies) {
  Schemas schemas;
  for (const BodyOf body : bodies) schemas.add(body());
  return schemas.take();
}

}  // namespace gridloom::api::schema
