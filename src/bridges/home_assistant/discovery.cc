#include "bridges/home_assistant/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gridloom::bridges::home_assistant {
namespace {

// The part of topics in front of a serial number.
constexpr std::string_view kDevicePart = "device";

using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kOrigin = "Gridloom";
constexpr std::string_view kMain = "main";

// The part of `text` between both; nothing: it does not begin and end so.
std::optional<std::string_view> between(std::string_view text, std::string_view begin,
                                        std::string_view end = {}) {
  if (text.size() < begin.size() + end.size() || !text.starts_with(begin) || !text.ends_with(end)) {
    return std::nullopt;
  }
  return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

std::string_view name_of(StateClass state_class) {
  return state_class == StateClass::kMeasurement ? "measurement" : "total_increasing";
}

void add_value(JsonObject& component, const Topics& topics, std::string_view sn,
               const Entity& entity) {
  if (entity.form == Form::kNone) return;
  // The device's message has the first topic for all.
  if (entity.topic != kMain) component["stat_t"] = topics.state(sn, entity.topic);
  component["val_tpl"] = fmt::format("{{{{ value_json['{}'] }}}}", entity.key);
  if (!entity.device_class.empty()) component["dev_cla"] = entity.device_class;
  if (!entity.unit.empty()) component["unit_of_meas"] = entity.unit;
  if (entity.state_class != StateClass::kNone) component["stat_cla"] = name_of(entity.state_class);
  if (entity.decimals) component["suggested_display_precision"] = *entity.decimals;
  if (!entity.options.empty()) {
    component["ops"] = JsonArray(entity.options.begin(), entity.options.end());
  }
}

void add_control(JsonObject& component, const Topics& topics, std::string_view sn,
                 const Entity& entity) {
  component["cmd_t"] = topics.set(sn, entity.key);
  if (entity.platform != Platform::kNumber) return;
  component["min"] = entity.control->least;
  component["max"] = entity.control->most;
  component["step"] = entity.control->step;
  component["mode"] = "box";
}

JsonObject component_of(const Topics& topics, const DeviceNames& device, const Entity& entity) {
  const std::string device_slug = slug_of(device.name);
  JsonObject component{
      {"p", name_of(entity.platform)},
      {"name", entity.title},
      {"uniq_id", fmt::format("{}_{}", device_id(device.sn), entity.key)},
      {"def_ent_id",
       fmt::format("{}.{}_{}", name_of(entity.platform),
                   device_slug.empty() ? slug_of(device.sn) : device_slug, entity.slug)}};
  if (!entity.is_enabled) component["en"] = false;
  if (entity.category == Category::kDiagnostic) component["ent_cat"] = "diagnostic";
  if (entity.category == Category::kConfig) component["ent_cat"] = "config";
  add_value(component, topics, device.sn, entity);
  if (entity.control) add_control(component, topics, device.sn, entity);
  return component;
}

}  // namespace

// --- what was announced

Announced announced_of(const Entities& entities) {
  Announced announced;
  for (const Entity& each : entities.all) {
    announced.entities.emplace(each.key, each.platform);
    if (each.topic.empty()) continue;
    if (std::ranges::find(announced.topics, each.topic) == announced.topics.end()) {
      announced.topics.push_back(each.topic);
    }
  }
  return announced;
}

std::string text_of(const Announced& announced) {
  JsonObject by_platform;
  for (const auto& [key, platform] : announced.entities) {
    wire::Json& keys = by_platform[home_assistant::name_of(platform)];
    if (!keys.is_array()) keys = JsonArray();
    keys.get_array().emplace_back(key);
  }
  return wire::to_text(
      JsonObject{{"entities", std::move(by_platform)},
                 {"topics", JsonArray(announced.topics.begin(), announced.topics.end())}});
}

std::optional<Announced> parse_announced(std::string_view text) {
  const auto parsed = wire::parse_json(text);
  if (!parsed) return std::nullopt;
  const wire::Json* entities = wire::member(*parsed, "entities");
  const wire::Json* topics = wire::member(*parsed, "topics");
  if (entities == nullptr || !entities->is_object() || topics == nullptr || !topics->is_array()) {
    return std::nullopt;
  }
  Announced announced;
  for (const auto& [name, keys] : entities->get_object()) {
    const auto platform = platform_named(name);
    if (!platform || !keys.is_array()) return std::nullopt;
    for (const wire::Json& key : keys.get_array()) {
      // Keys and topics become parts of topics again, so that both have the letters of keys alone.
      if (!key.is_string() || key_of(key.get_string()) != key.get_string()) return std::nullopt;
      announced.entities.emplace(std::string(key.get_string()), *platform);
    }
  }
  for (const wire::Json& topic : topics->get_array()) {
    if (!topic.is_string() || key_of(topic.get_string()) != topic.get_string()) return std::nullopt;
    announced.topics.emplace_back(topic.get_string());
  }
  return announced;
}

// --- topics

Topics::Topics(std::string prefix, std::string base, std::string_view bridge)
    : prefix_(std::move(prefix)),
      base_(std::move(base)),
      bridge_(fmt::format("{}/bridge/{}", base_, bridge)),
      home_id_(device_id(fmt::format("home_{}", bridge))) {}

std::string Topics::home_config() const {
  return fmt::format("{}/device/{}/config", prefix_, home_id_);
}

std::string Topics::published(std::string_view sn) const {
  return fmt::format("{}/published/{}", bridge_, sn);
}
std::string Topics::config(std::string_view sn) const {
  return fmt::format("{}/device/{}/config", prefix_, device_id(sn));
}
std::string Topics::availability(std::string_view sn) const {
  return fmt::format("{}/device/{}/availability", base_, sn);
}
std::string Topics::state(std::string_view sn, std::string_view topic) const {
  return fmt::format("{}/device/{}/state/{}", base_, sn, topic);
}
std::string Topics::set_filter() const { return fmt::format("{}/{}/+/set/+", base_, kDevicePart); }

std::string Topics::set(std::string_view sn, std::string_view key) const {
  return fmt::format("{}/{}/{}/set/{}", base_, kDevicePart, sn, key);
}

std::optional<Topics::Set> Topics::parse_set(std::string_view topic) const {
  const auto rest = between(topic, fmt::format("{}/{}/", base_, kDevicePart));
  if (!rest) return std::nullopt;
  constexpr std::string_view kSet = "/set/";
  const std::size_t at = rest->find('/');
  if (at == std::string_view::npos || !rest->substr(at).starts_with(kSet)) return std::nullopt;
  return Set{.sn = rest->substr(0, at), .key = rest->substr(at + kSet.size())};
}

std::optional<std::string_view> Topics::parse_published(std::string_view topic) const {
  return between(topic, bridge_ + "/published/");
}

std::optional<std::string_view> Topics::parse_single(std::string_view topic) const {
  const auto rest = between(topic, prefix_ + "/", "/config");  // PLATFORM/NODE/KEY
  if (!rest || std::ranges::count(*rest, '/') != 2) return std::nullopt;
  const std::size_t begin = rest->find('/') + 1;
  return rest->substr(begin, rest->find('/', begin) - begin);
}

// --- the message

std::string device_id(std::string_view sn) {
  std::string id = "gridloom_";
  for (const char each : sn) {
    // A serial number may have dots, and an id may not.
    if (each == '.') {
      id += "-dot-";
    } else {
      id += each;
    }
  }
  return id;
}

JsonObject config_message(const Topics& topics, const DeviceNames& device, const Entities& entities,
                          const std::map<std::string, Platform, std::less<>>& removed) {
  JsonObject components;
  for (const Entity& each : entities.all) {
    components[each.key] = component_of(topics, device, each);
  }
  for (const auto& [key, platform] : removed) {
    components[key] = JsonObject{{"p", home_assistant::name_of(platform)}};
  }
  JsonObject about{{"ids", JsonArray{device_id(device.sn)}},
                   {"name", device.name.empty() ? device.sn : device.name},
                   {"sn", device.sn}};
  if (!device.product.empty()) about["mdl"] = device.product;
  return {{"dev", std::move(about)},
          {"o", JsonObject{{"name", kOrigin}}},
          {"avty", JsonArray{JsonObject{{"t", topics.status()}},
                             JsonObject{{"t", topics.availability(device.sn)}}}},
          {"avty_mode", "all"},
          {"stat_t", topics.state(device.sn, kMain)},
          {"qos", 1},
          {"cmps", std::move(components)}};
}

}  // namespace gridloom::bridges::home_assistant
