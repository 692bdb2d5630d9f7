#include "api/message/params.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "base/nearest.h"
#include "base/printable.h"

namespace gridloom::api {

using wire::Json;
using wire::JsonObject;

std::string shown(const Json& value) { return redacted_extract(wire::to_text(value)); }
std::string shown(std::string_view text) { return redacted_extract(text); }

Result<catalog::Language> language_in(const JsonObject& params) {
  const Json* tag = params.if_contains("lang");
  if (tag == nullptr) return catalog::Language::kEnglish;
  const auto* text = tag->if_string();
  const auto language = text == nullptr ? std::nullopt : catalog::language_of(*text);
  if (language) return *language;
  return fail(
      ErrorCode::kBadParams,
      fmt::format("lang is {}: must be {}", shown(*tag),
                  joined_or({catalog::kLanguageTags.begin(), catalog::kLanguageTags.end()})));
}

namespace {

enum class Quoted : std::uint8_t { kNo, kYes };

Result<std::string> text_of(const JsonObject& object, std::string_view key, std::string_view path,
                            Quoted quoted) {
  const Json* value = object.if_contains(key);
  if (value == nullptr) {
    return fail(ErrorCode::kBadParams, fmt::format("{} is missing: must be a text", path));
  }
  if (!value->is_string() || value->get_string().empty()) {
    const std::string_view kind = value->is_string() ? "empty" : wire::kind_name(*value);
    return fail(ErrorCode::kBadParams, fmt::format("{} is {}: must be a text", path,
                                                   quoted == Quoted::kNo ? kind : shown(*value)));
  }
  return std::string(value->get_string());
}

}  // namespace

Result<std::string> text_param(const JsonObject& object, std::string_view key,
                               std::string_view path) {
  return text_of(object, key, path, names_a_secret(key) ? Quoted::kNo : Quoted::kYes);
}

Result<std::string> credential_param(const JsonObject& object, std::string_view key) {
  return text_of(object, key, key, Quoted::kNo);
}

Result<const JsonObject*> params_of(const JsonObject& object) {
  const Json* params = object.if_contains("params");
  if (params == nullptr || !params->is_object()) {
    return fail(ErrorCode::kBadParams, fmt::format("params is {}: must be an object",
                                                   params == nullptr ? "missing" : shown(*params)));
  }
  return &params->get_object();
}

}  // namespace gridloom::api
