#include "catalog/set_message.h"

#include <utility>

namespace gridloom::catalog {
namespace {

void put_at(JsonObject& message, std::string_view path, const Json& value) {
  const std::size_t dot = path.find('.');
  Json& at = message[path.substr(0, dot)];
  if (dot == std::string_view::npos) {
    at = value;
    return;
  }
  if (!at.is_object()) at = JsonObject();
  put_at(at.get_object(), path.substr(dot + 1), value);
}

// The value in place of a "$name".
Json filled(const Json& value, const SetAddress& address) {
  constexpr std::string_view kModule = "$module:";
  if (!value.is_string()) return value;
  const std::string_view text = value.get_string();
  if (text == "$message_id") return address.message_id;
  if (text == "$sn") return Json(address.sn);
  if (!text.starts_with(kModule)) return value;
  const std::string module =
      address.module_in ? address.module_in(text.substr(kModule.size())) : std::string();
  return module.empty() ? Json(address.sn) : Json(module);
}

}  // namespace

JsonObject set_message(const Command& command, const JsonObject& given) {
  JsonObject params;
  for (const Param& param : command.params) {
    if (const Json* value = given.if_contains(param.name)) {
      params[param.name] = *value;
    } else if (!command.partial && !param.unchanged.empty() && !param.ignored) {
      params[param.name] = param.unchanged.front();
    }
  }
  JsonObject message;
  message["params"] = std::move(params);
  for (const auto& [path, value] : command.select) put_at(message, path, value);
  return message;
}

JsonObject addressed(const Family& family, const Command& command, const JsonObject& message,
                     const SetAddress& address) {
  JsonObject whole;
  for (const JsonObject* members : {&family.messages.set, &command.set}) {
    for (const auto& member : *members) whole[member.key()] = filled(member.value(), address);
  }
  for (const auto& member : message) whole[member.key()] = member.value();
  return whole;
}

}  // namespace gridloom::catalog
