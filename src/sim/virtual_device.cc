#include "sim/virtual_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/result.h"
#include "sim/effects.h"

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonObject;

// A device that was off for a while does not make up for it.
constexpr Millis kLongestStep{60'000};

bool carries(const catalog::Report& report, std::string_view name) {
  return std::ranges::any_of(report.fields, [&](const std::string& field) {
    return field.ends_with('.') ? name.starts_with(field) : name == field;
  });
}

Json id_of(const JsonObject& request) {
  const Json* id = request.if_contains("id");
  return id == nullptr ? Json(0) : wire::numeric_id(*id);
}

void put_nested(JsonObject& root, std::string_view path, const Json& value) {
  JsonObject* at = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    Json& next = (*at)[path.substr(0, dot)];
    if (!next.is_object()) next = JsonObject();
    at = &next.get_object();
    path.remove_prefix(dot + 1);
  }
  (*at)[path] = value;
}

}  // namespace

VirtualDevice::VirtualDevice(catalog::FamilyPtr family, std::string sn, Chance chance,
                             const Surroundings& around)
    : family_(std::move(family)),
      sn_(std::move(sn)),
      fields_(*family_),
      model_(make_model(*family_, chance.split(sn_))),
      started_(around.now),
      stepped_(around.now),
      reported_(around.now),
      message_id_(static_cast<std::int64_t>(chance.split(sn_).bits(0) & 0x3fffffffU)) {
  for (const catalog::Report& report : family_->reports) {
    std::vector<std::size_t>& slots = report_slots_.emplace_back();
    for (std::size_t i = 0; i < fields_.slots().size(); ++i) {
      if (carries(report, fields_.slots()[i].name)) slots.push_back(i);
    }
  }
  model_->start(fields_, around);
}

void VirtualDevice::connected(const Surroundings& around, std::vector<Message>& out) {
  report(Extent::kFull, around, out);
}

void VirtualDevice::step(const Surroundings& around, std::vector<Message>& out) {
  const Millis dt = std::min<Millis>(around.now - stepped_, kLongestStep);
  stepped_ = around.now;
  if (dt <= Millis(0)) return;
  model_->step(fields_, around, dt);
  const bool everything = around.now - reported_ >= Millis(family_->messages.full_ms);
  report(everything ? Extent::kFull : Extent::kChanged, around, out);
}

JsonObject VirtualDevice::body_of(const catalog::Report& report,
                                  const std::vector<std::size_t>& slots) const {
  JsonObject body;
  for (const std::size_t i : slots) {
    const Fields::Slot& slot = fields_.slots()[i];
    const std::string_view key = std::string_view(slot.name).substr(report.prefix.size());
    if (family_->messages.nested) {
      put_nested(body, key, slot.value);
    } else {
      body[key] = slot.value;
    }
  }
  return body;
}

void VirtualDevice::report(Extent extent, const Surroundings& around, std::vector<Message>& out) {
  const auto lookup = [&](std::string_view name) { return look_up(name, {}, {}, around); };
  for (std::size_t r = 0; r < report_slots_.size(); ++r) {
    const catalog::Report& report = family_->reports[r];
    if (extent == Extent::kChanged && report.only_full) continue;
    std::vector<std::size_t> slots = report_slots_[r];
    if (extent == Extent::kChanged) {
      std::erase_if(slots, [&](std::size_t i) { return !fields_.slots()[i].changed; });
    }
    if (slots.empty()) continue;
    JsonObject message = fill(family_->messages.report, lookup);
    for (const auto& [member, value] : report.match) message[member] = value;
    for (const auto& [member, value] : fill(report.extra, lookup)) message[member] = value;
    message[family_->messages.report_body] = body_of(report, slots);
    out.push_back({.verb = "quota", .payload = wire::to_text(message)});
  }
  fields_.clear_changes();
  if (extent == Extent::kFull) reported_ = around.now;
}

void VirtualDevice::on_set(std::string_view payload, const Surroundings& around,
                           std::vector<Message>& out) {
  const auto parsed = wire::parse_json(payload);
  if (!parsed || !parsed->is_object()) return;
  const JsonObject& request = parsed->get_object();
  const auto checked = catalog::check_set(*family_, request);
  if (!checked || checked->command == nullptr) {
    const bool obeys = checked && family_->open;
    out.push_back({.verb = "set_reply",
                   .payload = obeys ? wire::to_text(JsonObject{{"id", id_of(request)},
                                                               {"version", "1.0"},
                                                               {"code", "0"},
                                                               {"data", JsonObject{{"ack", 0}}}})
                                    : refusal(request, checked ? family_->unknown_command(request)
                                                               : checked.error().detail)});
    return;
  }
  const catalog::Command& command = *checked->command;
  apply_effects(command, checked->params, fields_);
  const Outcome outcome = model_->command(fields_, command, checked->params, around);
  report(outcome.full_report ? Extent::kFull : Extent::kChanged, around, out);
  out.push_back({.verb = "set_reply",
                 .payload = reply_to(command, request, checked->params, outcome, around)});
}

std::string VirtualDevice::refusal(const JsonObject& request, std::string_view why) const {
  JsonObject reply{
      {"version", "1.0"}, {"code", code_of(FaultKind::kBadParams).code}, {"message", why}};
  reply["id"] = id_of(request);
  if (const Json* type = request.if_contains("operateType")) reply["operateType"] = *type;
  return wire::to_text(reply);
}

std::string VirtualDevice::reply_to(const catalog::Command& command, const JsonObject& request,
                                    const JsonObject& params, const Outcome& outcome,
                                    const Surroundings& around) {
  const auto lookup = [&](std::string_view name) { return look_up(name, request, params, around); };
  JsonObject reply = fill(family_->messages.reply, lookup);
  for (auto& [member, value] : fill(command.envelope, lookup)) reply[member] = value;
  JsonObject result = fill(command.reply, lookup);
  if (outcome.ack && result.contains("ack")) result["ack"] = *outcome.ack;
  for (const auto& [member, value] : outcome.result) result[member] = value;
  reply[family_->messages.result] = std::move(result);
  return wire::to_text(reply);
}

std::optional<Json> VirtualDevice::look_up(std::string_view name, const JsonObject& request,
                                           const JsonObject& params, const Surroundings& around) {
  if (name == "message_id") return Json(++message_id_);
  if (name == "uptime_ms") return Json((around.now - started_).count() + 1);
  if (name == "now_ms") return Json(unix_ms(around.now));
  if (name == "id") return id_of(request);
  if (name.starts_with("module:")) {
    const auto& modules = fields_.modules(name.substr(7));
    return modules.empty() ? std::nullopt : std::optional<Json>(modules.front());
  }
  if (name.starts_with("field:")) {
    name.remove_prefix(6);
    return fields_.has(name) ? std::optional<Json>(fields_.get(name)) : std::nullopt;
  }
  if (name.starts_with("request.")) {
    name.remove_prefix(8);
    const Json* at = request.if_contains(name.substr(0, name.find('.')));
    while (at != nullptr && name.contains('.')) {
      name.remove_prefix(name.find('.') + 1);
      at = wire::member(*at, name.substr(0, name.find('.')));
    }
    return at == nullptr ? std::nullopt : std::optional<Json>(*at);
  }
  const Json* param = params.if_contains(name);
  return param == nullptr ? std::nullopt : std::optional<Json>(*param);
}

}  // namespace gridloom::sim
