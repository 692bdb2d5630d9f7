#include "transcripts/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>

namespace gridloom::transcripts {
namespace {

using catalog::Param;
using wire::Json;
using wire::JsonObject;

// Calls for every declared param that `given` contains, at any depth, with the param's path.
void for_each_given(const std::vector<Param>& params, const JsonObject& given,
                    const std::string& path,
                    const std::function<void(const std::string&)>& on_param) {
  for (const Param& param : params) {
    const Json* value = given.if_contains(param.name);
    for (const std::string& alias : param.alias) {
      if (value == nullptr) value = given.if_contains(alias);
    }
    if (value == nullptr) continue;
    const std::string name = path + "." + param.name;
    on_param(name);
    if (value->is_object()) for_each_given(param.fields, value->get_object(), name, on_param);
    if (!value->is_array() || param.fields.empty()) continue;
    for (const Json& element : value->get_array()) {
      if (!element.is_object()) continue;
      for_each_given(param.fields.front().fields, element.get_object(), name, on_param);
    }
  }
}

void for_each_declared(const std::vector<Param>& params, const std::string& path,
                       const std::function<void(const std::string&)>& on_param) {
  for (const Param& param : params) {
    const std::string name = path + "." + param.name;
    on_param(name);
    const bool array = param.type == catalog::FieldType::kArray && !param.fields.empty();
    for_each_declared(array ? param.fields.front().fields : param.fields, name, on_param);
  }
}

}  // namespace

void Coverage::reported(const catalog::Family& family, const catalog::Field& field) {
  families_[family.id].reported.insert(field.name);
}

void Coverage::read(const catalog::Family& family, const catalog::Field& field) {
  families_[family.id].read.insert(field.name);
}

void Coverage::set(const catalog::Family& family, const JsonObject& message, Interface interface) {
  const auto checked = catalog::check_set(family, message);
  if (!checked || checked->command == nullptr) return;
  Used& used = families_[family.id];
  const catalog::Command& command = *checked->command;
  (interface == Interface::kHttp ? used.over_http : used.over_mqtt).insert(command.name);
  for_each_given(command.params, message.at("params").get_object(), command.name,
                 [&used](const std::string& name) { used.params.insert(name); });
}

std::vector<std::string> Coverage::missing(const catalog::Family& family) const {
  const auto found = families_.find(family.id);
  const Used used = found == families_.end() ? Used{} : found->second;
  std::vector<std::string> lines;
  const auto need = [&](const std::set<std::string>& names, const std::string& name,
                        std::string_view kind, std::string_view what) {
    if (names.contains(name)) return;
    lines.push_back(fmt::format("{}: the {} {} was never {}", family.id, kind, name, what));
  };
  for (const catalog::Command& command : family.commands) {
    need(used.over_http, command.name, "command", "set over HTTP");
    need(used.over_mqtt, command.name, "command", "set over MQTT");
    for_each_declared(command.params, command.name,
                      [&](const std::string& name) { need(used.params, name, "param", "given"); });
  }
  for (const catalog::Field& field : family.fields) {
    // Virtual devices have no module of some groups.
    const std::string group = field.name.substr(0, field.name.find('.'));
    if (field.name.contains('*') && !family.virtual_devices.modules.contains(group)) continue;
    need(used.reported, field.name, "field", "reported");
    need(used.read, field.name, "field", "read");
  }
  return lines;
}

}  // namespace gridloom::transcripts
