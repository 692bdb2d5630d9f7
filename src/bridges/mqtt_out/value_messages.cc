#include "bridges/mqtt_out/value_messages.h"

#include <algorithm>
#include <array>
#include <variant>

#include "base/printable.h"
#include "catalog/readable_values.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using NamedValues = MqttSettings::NamedValues;

// One level of a topic: characters that mean something in topics are replaced.
std::string level_of(std::string_view text) {
  std::string level = printable(text);
  for (char& each : level) {
    if (each == '/' || each == '+' || each == '#') each = '_';
  }
  return level.empty() ? "_" : level;
}

std::string text_of(const PlainValue& value) {
  if (const bool* flag = std::get_if<bool>(&value.value)) return *flag ? "true" : "false";
  if (const double* number = std::get_if<double>(&value.value)) {
    return catalog::number_text(*number);
  }
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  return {};
}

std::string json_of(const PlainValue& value, std::string_view shown, const QuotaNow& quota) {
  const bool is_text = std::holds_alternative<std::string>(value.value) || !shown.empty();
  std::string json = R"({"value":)";
  if (is_text) {
    wire::append_quoted(json, shown.empty() ? text_of(value) : shown);
  } else {
    json += std::holds_alternative<NoValue>(value.value) ? "null" : text_of(value);
  }
  const bool has_unit = std::holds_alternative<double>(value.value) && shown.empty() &&
                        value.field != nullptr && !value.field->unit.empty();
  if (has_unit) {
    json += R"(,"unit":)";
    wire::append_quoted(json, value.field->unit);
  }
  if (quota.at) json += R"(,"at":)" + std::to_string(unix_ms(*quota.at));
  return json += '}';
}

}  // namespace

TopicDevice topic_device(std::string_view sn, std::string_view name,
                         const catalog::Family& family) {
  return {.sn = level_of(sn), .name = level_of(name), .family = level_of(family.id)};
}

std::string_view group_of(const catalog::Family& family, std::string_view quota) {
  std::string_view found = quota.substr(0, quota.find('.'));
  std::size_t longest = 0;
  for (const catalog::FieldGroup& group : family.groups) {
    for (const std::string& each : group.fields) {
      const bool is_in = each.ends_with('.') ? quota.starts_with(each) : quota == each;
      if (!is_in || each.size() <= longest) continue;
      longest = each.size();
      found = group.name;
    }
  }
  return found;
}

std::vector<ValueMessage> messages_of(const MqttSettings& settings, const TopicDevice& device,
                                      const catalog::Family& family, const QuotaNow& quota) {
  std::vector<ValueMessage> messages;
  if (quota.json.empty() || !settings.selection.has_field(quota.name)) return messages;
  const std::string group = level_of(group_of(family, quota.name));
  for_each_plain_value(quota.name, quota.field, quota.json, [&](const PlainValue& value) {
    const std::string field = level_of(value.name);
    const std::array<NamedText, 5> names = {{{.name = "sn", .text = device.sn},
                                             {.name = "name", .text = device.name},
                                             {.name = "family", .text = device.family},
                                             {.name = "field", .text = field},
                                             {.name = "group", .text = group}}};
    const std::string_view shown =
        settings.named_values == NamedValues::kName ? value.meaning : std::string_view();
    std::string payload;
    if (settings.payload == MqttSettings::Payload::kJson) {
      payload = json_of(value, shown, quota);
    } else {
      payload = shown.empty() ? text_of(value) : std::string(shown);
    }
    messages.push_back({.topic = settings.topic.fill(names), .payload = std::move(payload)});
  });
  return messages;
}

std::string availability_topic(const MqttSettings& settings, const TopicDevice& device) {
  const std::array<NamedText, 3> names = {{{.name = "sn", .text = device.sn},
                                           {.name = "name", .text = device.name},
                                           {.name = "family", .text = device.family}}};
  return settings.availability.fill(names);
}

}  // namespace gridloom::bridges
