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

Json id_of(const JsonObject& request) {
  const Json* id = request.if_contains("id");
  return id == nullptr ? Json(0) : wire::numeric_id(*id);
}

}  // namespace

Kind::Kind(const catalog::FamilyPtr& family) : table(std::make_shared<FieldTable>(family)) {
  for (const catalog::Report& report : family->reports) reports.emplace_back(*table, report);
}

VirtualDevice::VirtualDevice(KindPtr kind, std::string sn, Chance chance,
                             const Surroundings& around)
    : kind_(std::move(kind)),
      sn_(std::move(sn)),
      fields_(kind_->table),
      model_(make_model(family(), chance.split(sn_))),
      started_(around.now),
      stepped_(around.now),
      reported_(around.now),
      message_id_(static_cast<std::int64_t>(chance.split(sn_).bits(0) & 0x3fffffffU)) {
  model_->start(fields_, around);
}

void VirtualDevice::connected(const Surroundings& around, std::vector<Message>& out) {
  report(Extent::kFull, around, out);
}

void VirtualDevice::move(const Surroundings& around) {
  const Millis dt = std::min<Millis>(around.now - stepped_, kLongestStep);
  stepped_ = around.now;
  if (dt <= Millis(0)) return;
  model_->step(around, dt);
  unwritten_ = around;
}

void VirtualDevice::write_numbers() {
  if (unwritten_) model_->write(fields_, *unwritten_);
  unwritten_.reset();
}

void VirtualDevice::step(const Surroundings& around, std::vector<Message>& out) {
  move(around);
  if (!unwritten_) return;
  const bool everything = around.now - reported_ >= Millis(family().messages.full_ms);
  report(everything ? Extent::kFull : Extent::kChanged, around, out);
}

void VirtualDevice::report(Extent extent, const Surroundings& around, std::vector<Message>& out) {
  write_numbers();
  const auto lookup = [&](std::string_view name) { return look_up(name, {}, {}, around); };
  for (const ReportText& text : kind_->reports) {
    std::string payload;
    if (!text.append(payload, fields_, extent, lookup)) continue;
    out.push_back({.verb = "quota", .payload = std::move(payload)});
  }
  fields_.clear_changes();
  if (extent == Extent::kFull) reported_ = around.now;
}

void VirtualDevice::on_set(std::string_view payload, const Surroundings& around,
                           std::vector<Message>& out) {
  const auto parsed = wire::parse_json(payload);
  if (!parsed || !parsed->is_object()) return;
  const JsonObject& request = parsed->get_object();
  const auto checked = catalog::check_set(family(), request);
  if (!checked || checked->command == nullptr) {
    const bool obeys = checked && family().open;
    out.push_back({.verb = "set_reply",
                   .payload = obeys ? wire::to_text(JsonObject{{"id", id_of(request)},
                                                               {"version", "1.0"},
                                                               {"code", "0"},
                                                               {"data", JsonObject{{"ack", 0}}}})
                                    : refusal(request, checked ? family().unknown_command(request)
                                                               : checked.error().detail)});
    return;
  }
  const catalog::Command& command = *checked->command;
  write_numbers();
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
  JsonObject reply = fill(family().messages.reply, lookup);
  for (auto& [member, value] : fill(command.envelope, lookup)) reply[member] = value;
  JsonObject result = fill(command.reply, lookup);
  if (outcome.ack && result.contains("ack")) result["ack"] = *outcome.ack;
  for (const auto& [member, value] : outcome.result) result[member] = value;
  reply[family().messages.result] = std::move(result);
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
