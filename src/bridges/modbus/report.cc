#include "bridges/modbus/report.h"

#include <optional>

#include "base/result.h"

namespace gridloom::bridges {
namespace {

using wire::Json;
using wire::JsonObject;

// Puts the value at a dotted path.
void put_nested(JsonObject& into, std::string_view path, const Json& value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) {
    into[path] = value;
    return;
  }
  Json& group = into[path.substr(0, dot)];
  if (!group.is_object()) group = JsonObject();
  put_nested(group.get_object(), path.substr(dot + 1), value);
}

// Nothing: the reference does not stand for anything here.
struct Reference {
  std::string_view name;
  const JsonObject* set = nullptr;
};

std::optional<Json> in_set(const Reference& reference) {
  constexpr std::string_view kRequest = "request.";
  if (reference.set == nullptr) return std::nullopt;
  const std::string_view member =
      reference.name.starts_with(kRequest) ? reference.name.substr(kRequest.size()) : "id";
  const Json* value = reference.set->if_contains(member);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

}  // namespace

DeviceMessages::DeviceMessages(catalog::FamilyPtr family, TimePoint now)
    : family_(std::move(family)), began_(now), last_id_(unix_ms(now)) {}

void DeviceMessages::put_envelope(JsonObject& into, const JsonObject& envelope,
                                  const JsonObject* set, TimePoint now) {
  for (const auto& [key, value] : envelope) {
    const auto* text = value.if_string();
    if (text == nullptr || !text->starts_with('$')) {
      into[key] = value;
      continue;
    }
    const std::string_view name = std::string_view(*text).substr(1);
    if (name == "message_id") {
      into[key] = ++last_id_;
    } else if (name == "now_ms") {
      into[key] = unix_ms(now);
    } else if (name == "uptime_ms") {
      into[key] = (now - began_).count();
    } else if (name == "id" || name.starts_with("request.")) {
      if (auto found = in_set({.name = name, .set = set})) into[key] = *std::move(found);
    }
  }
}

std::vector<std::string> DeviceMessages::reports(const Values& values, TimePoint now) {
  const catalog::Messages& form = family_->messages;
  std::vector<std::string> texts;
  for (const catalog::Report& report : family_->reports) {
    JsonObject body;
    for (const auto& [field, value] : values) {
      if (!report.carries(field)) continue;
      const std::string_view name = std::string_view(field).substr(report.prefix.size());
      if (form.nested) {
        put_nested(body, name, value);
      } else {
        body[name] = value;
      }
    }
    if (body.empty()) continue;
    if (form.report_body.empty()) {
      texts.push_back(wire::to_text(body));
      continue;
    }
    JsonObject message;
    put_envelope(message, form.report, nullptr, now);
    for (const auto& [key, value] : report.match) message[key] = value;
    put_envelope(message, report.extra, nullptr, now);
    message[form.report_body] = std::move(body);
    texts.push_back(wire::to_text(message));
  }
  return texts;
}

std::string DeviceMessages::reply(const JsonObject& set, JsonObject result, TimePoint now) {
  JsonObject message;
  put_envelope(message, family_->messages.reply, &set, now);
  message[family_->messages.result] = std::move(result);
  return wire::to_text(message);
}

std::string DeviceMessages::refusal(const JsonObject& set, std::string_view why, TimePoint now) {
  JsonObject message;
  put_envelope(message, family_->messages.reply, &set, now);
  message["code"] = code_of(ErrorCode::kBadParams).code;
  message["message"] = why;
  return wire::to_text(message);
}

}  // namespace gridloom::bridges
