#include "transcripts/schema_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gridloom::transcripts {
namespace {

using catalog::Family;
using wire::Json;
using wire::JsonObject;

using Names = std::vector<std::string>;

void add_names(Names& names, const JsonObject& shape) {
  for (const auto& member : shape) names.emplace_back(member.key());
}

bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_template(const Json& value) {
  return value.is_string() && value.get_string().starts_with('$');
}

// Members whose value is copied from the request are optional, because they are optional there too.
void add_reply_names(Names& required, Names& optional, const JsonObject& shape) {
  for (const auto& [key, value] : shape) {
    const bool by_set = is_template(value) && (value.get_string().starts_with("$request.") ||
                                               value.get_string() == "$action");
    (by_set ? optional : required).emplace_back(key);
  }
}

// A report is recognized by its members that match. A message without an envelope that has none of
// these is of the first report without such members that carries a field of it.
const catalog::Report* report_of(const Family& family, const JsonObject& message) {
  const auto is_told_by = [&](const catalog::Report& report) {
    return !report.match.empty() && std::ranges::all_of(report.match, [&](const auto& wanted) {
      const Json* value = message.if_contains(wanted.first);
      return value != nullptr && *value == wanted.second;
    });
  };
  const auto told = std::ranges::find_if(family.reports, is_told_by);
  if (told != family.reports.end()) return &*told;
  const bool is_bare = family.messages.report_body.empty();
  const auto carries_some = [&](const catalog::Report& report) {
    if (!report.match.empty()) return false;
    return !is_bare || std::ranges::any_of(message, [&](const auto& member) {
      const std::string name = report.prefix + std::string(member.key());
      return report.carries(name) || report.carries(name + '.') ||
             std::ranges::any_of(report.fields, [&](const std::string& field) {
               return field.starts_with(name + '.');
             });
    });
  };
  const auto carried = std::ranges::find_if(family.reports, carries_some);
  return carried == family.reports.end() ? nullptr : &*carried;
}

bool is_code_0(const Json& code) {
  return (code.is_string() && code.get_string() == "0") ||
         (wire::is_whole(code) && wire::whole(code) == 0);
}

// The same as misfit(), whatever stands inside the value.
std::optional<std::string> misfit_of_one(const catalog::Field& field, const Json& value) {
  if (!catalog::fits(field.type, value)) {
    return fmt::format("is {}, declared {}", wire::to_text(value), catalog::name_of(field.type));
  }
  if (field.absent && catalog::same_value(*field.absent, value)) return std::nullopt;
  if (!field.values.empty() && !field.others && !catalog::contains(field.values, value)) {
    return fmt::format("is {}, which is none of its values", wire::to_text(value));
  }
  if (!field.range || !value.is_number()) return std::nullopt;
  const double number = value.to_number<double>();
  if (number >= field.range->low && number <= field.range->high) return std::nullopt;
  return fmt::format("is {}, declared {} to {}", wire::to_text(value), field.range->low,
                     field.range->high);
}

}  // namespace

std::optional<std::string> misfit(const catalog::Field& field, const Json& value) {
  if (field.fields.empty()) return misfit_of_one(field, value);
  std::optional<std::string> first;
  catalog::for_each_value(
      field, value,
      [&first](const catalog::Field& inner, const Json& inside, const std::string& path) {
        if (first) return;
        const auto why = misfit_of_one(inner, inside);
        if (why) first = path.empty() ? *why : fmt::format("has at {} what {}", path, *why);
      });
  return first;
}

void SchemaChecker::add_violation(std::string_view where, std::string_view what) {
  violations_.push_back(fmt::format("{} {}", where, what));
}

std::vector<std::string> SchemaChecker::take_violations() { return std::exchange(violations_, {}); }

void SchemaChecker::members(std::string_view where, const JsonObject& object, const Names& required,
                            const Names& optional) {
  for (const std::string& name : required) {
    if (!object.contains(name)) add_violation(where, fmt::format("lacks {}", name));
  }
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (contains(required, name) || contains(optional, name)) continue;
    add_violation(where, fmt::format("has {}, which is not declared", name));
  }
}

void SchemaChecker::field_value(const Family& family, const catalog::Field& field,
                                const std::string& name, const Json& value, Use use) {
  if (use == Use::kReported) {
    coverage_.reported(family, field);
  } else {
    coverage_.read(family, field);
  }
  const bool is_element = use == Use::kReported && field.one_as_object && value.is_object();
  const auto why = is_element ? misfit(field, wire::JsonArray{value}) : misfit(field, value);
  if (why) add_violation(name, *why);
}

void SchemaChecker::values(const Family& family, const std::string& name, const Json& value,
                           Use use) {
  if (family.passthrough) return;
  if (const auto alias = family.aliases.find(name); alias != family.aliases.end()) {
    return values(family, alias->second, value, use);
  }
  if (const catalog::Field* field = family.field(name)) {
    return field_value(family, *field, name, value, use);
  }
  if (value.is_string() && contains(family.as_text, name)) {
    const auto inside = wire::parse_json(value.get_string());
    if (inside) return values(family, name, *inside, use);
    return add_violation(name, "is a string without JSON inside");
  }
  // The name is a group of fields, or a member of a field that is an object.
  const std::size_t dot = name.rfind('.');
  const catalog::Field* outer =
      use == Use::kRead && dot != std::string::npos ? family.field(name.substr(0, dot)) : nullptr;
  if (outer != nullptr) return coverage_.read(family, *outer);
  if (!value.is_object()) return add_violation(name, "is not declared");
  for (const auto& [key, member] : value.get_object()) {
    values(family, fmt::format("{}.{}", name, std::string_view(key)), member, use);
  }
}

void SchemaChecker::report(const Family& family, const Json& message) {
  const std::string where = family.id + "'s report";
  if (family.passthrough) return;
  if (!message.is_object()) return add_violation(where, "is no object");
  const JsonObject& object = message.get_object();
  const catalog::Report* report = report_of(family, object);
  if (report == nullptr) return add_violation(where, "is none of the declared reports");
  const std::string name = fmt::format("{} {}", where, report->name);
  Names required;
  add_names(required, family.messages.report);
  for (const auto& member : report->match) required.push_back(member.first);
  add_names(required, report->extra);
  if (!report->module.empty()) required.push_back(report->module);
  const bool bare = family.messages.report_body.empty();
  if (!bare) required.push_back(family.messages.report_body);
  if (!bare) members(name, object, required, {});

  std::string prefix = report->prefix;
  if (!report->module.empty()) {
    const Json* sn = object.if_contains(report->module);
    if (sn == nullptr || !sn->is_string()) return add_violation(name, "names no module");
    prefix += std::string(sn->get_string()) + '.';
  }
  const Json* body = bare ? &message : object.if_contains(family.messages.report_body);
  if (body == nullptr || !body->is_object()) return add_violation(name, "has no body");
  for (const auto& [key, value] : body->get_object()) {
    const std::string_view member = key;
    const bool whole_name = report->also_flat && report->carries(member);
    const std::string quota = (whole_name ? "" : prefix) + std::string(member);
    const bool group =
        family.messages.nested && value.is_object() && family.field(quota) == nullptr;
    if (!report->carries(group ? quota + '.' : quota)) {
      add_violation(name, fmt::format("carries {}, which is not declared for it", quota));
    }
    if (family.messages.nested && !whole_name && member.contains('.')) {
      add_violation(name, fmt::format("has {} flat, and is nested", member));
    }
    values(family, quota, value, Use::kReported);
  }
}

void SchemaChecker::set_reply(const Family& family, const JsonObject& request, const Json& reply) {
  if (family.passthrough) return;
  if (!reply.is_object()) return add_violation(family.id + "'s set_reply", "is no object");
  const auto checked = catalog::check_set(family, request);
  if (!checked || checked->command == nullptr) return refusal(reply);
  const catalog::Command& command = *checked->command;
  const std::string where = fmt::format("{}'s reply to {}", family.id, command.name);
  Names required;
  Names optional;
  add_reply_names(required, optional, family.messages.reply);
  add_reply_names(required, optional, command.envelope);
  required.push_back(family.messages.result);
  if (command.refused_with != ErrorCode::kBadParams) optional.emplace_back("code");
  members(where, reply.get_object(), required, optional);

  const Json* result = reply.get_object().if_contains(family.messages.result);
  if (result == nullptr || !result->is_object()) return add_violation(where, "has no result");
  // If a model makes the whole result, the device file does not list the result's members.
  if (command.by_model && command.reply.empty()) return;
  Names result_names;
  Names optional_names;
  add_reply_names(result_names, optional_names, command.reply);
  members(where + " in " + family.messages.result, result->get_object(), result_names,
          optional_names);
}

void SchemaChecker::altered(std::string_view topic) {
  add_violation(topic, "brought a message that is not as the device sent it");
}

void SchemaChecker::status(const Json& message) {
  constexpr std::string_view kWhere = "the status message";
  if (!message.is_object()) return add_violation(kWhere, "is no object");
  members(kWhere, message.get_object(), {"id", "version", "timestamp", "params"}, {});
  const Json* params = wire::member(message, "params");
  const Json* status = params == nullptr ? nullptr : wire::member(*params, "status");
  if (status == nullptr || !wire::is_whole(*status) || wire::whole(*status) < 0 ||
      wire::whole(*status) > 1) {
    add_violation(kWhere, "has no params.status of 0 or 1");
  }
}

void SchemaChecker::refusal(const Json& reply) {
  constexpr std::string_view kWhere = "the refusal";
  if (!reply.is_object()) return add_violation(kWhere, "is no object");
  members(kWhere, reply.get_object(), {"id", "version", "code", "message"},
          {"moduleType", "operateType"});
}

void SchemaChecker::get_reply(const Family& family, const Json& reply) {
  constexpr std::string_view kWhere = "the get_reply";
  if (!reply.is_object()) return add_violation(kWhere, "is no object");
  const Json* code = wire::member(reply, "code");
  if (code == nullptr || !is_code_0(*code)) return refusal(reply);
  members(kWhere, reply.get_object(), {"id", "version", "code", "timestamp", "data"},
          {"moduleType", "operateType"});
  const Json* data = wire::member(reply, "data");
  if (data == nullptr || !data->is_object()) return add_violation(kWhere, "has no data");
  const Json* map = wire::member(*data, "quotaMap");
  if (map == nullptr) return quotas(family, *data);
  members("latestQuotas", data->get_object(), {"sn", "productType", "model", "online", "quotaMap"},
          {});
  quotas(family, *map);
}

void SchemaChecker::envelope(const Json& answer) {
  constexpr std::string_view kWhere = "the HTTP answer";
  if (!answer.is_object()) return add_violation(kWhere, "is no object");
  members(kWhere, answer.get_object(), {"code", "message", "eagleEyeTraceId", "tid"}, {"data"});
  const Json* code = wire::member(answer, "code");
  const Json* message = wire::member(answer, "message");
  if (code == nullptr || !code->is_string() || message == nullptr || !message->is_string()) {
    return add_violation(kWhere, "has a code or a message that is no string");
  }
  if (is_code_0(*code) != (message->get_string() == "Success")) {
    add_violation(kWhere, fmt::format("has code {} with message {}", wire::to_text(*code),
                                      wire::to_text(*message)));
  }
}

void SchemaChecker::device_list(const Json& data) {
  if (!data.is_array()) return add_violation("the device list", "is no array");
  for (const Json& row : data.get_array()) {
    if (!row.is_object()) return add_violation("the device list", "has a row that is no object");
    members("the device list", row.get_object(), {"sn", "deviceName", "online", "productName"}, {});
  }
}

void SchemaChecker::quotas(const Family& family, const Json& data) {
  if (!data.is_object()) return add_violation("the quotas", "are no object");
  for (const auto& [key, value] : data.get_object()) {
    values(family, std::string(key), value, Use::kRead);
  }
}

}  // namespace gridloom::transcripts
