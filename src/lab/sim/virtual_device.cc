#include "sim/virtual_device.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/result.h"
#include "catalog/device_faults.h"
#include "catalog/formula.h"
#include "catalog/site_meter.h"
#include "sim/effects.h"
#include "sim/household/home.h"
#include "sim/kept.h"
#include "sim/models/parts.h"
#include "sim/resume.h"

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonObject;

// The longest simulated step: a device that was off for longer does not catch up.
constexpr Millis kLongestStep{60'000};
constexpr Millis kMostAhead{1000};
constexpr double kFlaps_s = 30;

// The number of the first setting that the set changes.
std::optional<Json> action_of(const catalog::Command& command, const JsonObject& params) {
  for (const catalog::Param& param : command.params) {
    if (param.action && params.contains(param.name)) return Json(*param.action);
  }
  return std::nullopt;
}

Json id_of(const JsonObject& request) {
  const Json* id = request.if_contains("id");
  return id == nullptr ? Json(0) : wire::numeric_id(*id);
}

}  // namespace

VirtualFamily::VirtualFamily(const catalog::FamilyPtr& family)
    : table(std::make_shared<FieldTable>(family)) {
  auto maker = model_maker(table);
  if (!maker) throw std::logic_error(maker.error().detail);
  make_model = std::move(*maker);
  for (const catalog::Report& report : family->reports) {
    if (report.module.empty()) {
      reports.emplace_back(*table, report);
      continue;
    }
    for (std::size_t i = 0; i < table->modules().size(); ++i) {
      if (report.prefix == table->modules()[i].group + '.') reports.emplace_back(*table, report, i);
    }
  }
  for (const catalog::PhysicsPart* pack : catalog::pack_parts(*family)) {
    std::vector<std::size_t>& shown = pack_fields.emplace_back();
    for (const FieldTable::Entry& entry : table->entries()) {
      const bool is_its = std::ranges::any_of(pack->shows, [&entry](const std::string& name) {
        return name.ends_with('.') ? entry.field->name.starts_with(name)
                                   : entry.field->name == name;
      });
      if (is_its) shown.push_back(entry.slot.index);
    }
  }
  const Json* time = family->messages.report.if_contains("timestamp");
  has_timestamps = time != nullptr && *time == Json("$now_ms");
  awake = catalog::awake_formula(*family);
  if (awake == nullptr) return;
  for (const std::string& name : awake->names) awake_inputs.push_back(table->find(name).value());
}

VirtualDevice::VirtualDevice(VirtualFamilyPtr virtual_family, std::string sn, Chance chance,
                             const Environment& environment, const LastState* last,
                             const Setup& setup)
    : virtual_family_(std::move(virtual_family)),
      sn_(std::move(sn)),
      fields_(virtual_family_->table),
      model_(virtual_family_->make_model(chance.split(sn_))),
      stepped_(environment.now),
      own_{.place = virtual_family_->table->family().place},
      since_{.start = environment.now, .report = environment.now},
      message_id_(static_cast<std::int64_t>(chance.split(sn_).bits(0) & 0x3fffffffU)),
      chance_(chance) {
  fields_.assign_serials(sn_);
  apply_initial(fields_, family(), sn_);
  apply_initial(fields_, setup.initial);
  for (const catalog::Virtual::Device& listed : family().virtual_devices.devices) {
    if (listed.sn != sn_) continue;
    own_.place = listed.place.value_or(own_.place);
    if (listed.circuits != 0) own_.circuits = listed.circuits;
  }
  own_.place = setup.place.value_or(own_.place);
  if (setup.circuits) own_.circuits = setup.circuits;
  own_.roofs = setup.roofs;
  own_.carried = setup.carried;
  if (setup.sleeps && virtual_family_->awake != nullptr) sleep_ = Sleep::kAwake;
  if (setup.meter) lan_meter_.emplace();
  take_packs(setup);
  const Environment here = at_device(environment);
  if (last == nullptr) {
    model_->start(fields_, here);
  } else if (!resume(*last, here)) {
    fields_.reset_to_initial();
    apply_initial(fields_, family(), sn_);
    apply_initial(fields_, setup.initial);
    model_ = OwnedModel(virtual_family_->make_model(chance.split(sn_)));
    model_->start(fields_, here);
  }
  taken_version_ = model_->unreported_version();
  fall_asleep_or_wake();
  if (setup.habits.empty()) return;
  // The same people as in the model.
  const Chance alone = chance.split(sn_).split("household");
  habits_ = std::make_unique<Habits>(
      setup.habits, household::home_of(household::household_of(environment.household, alone),
                                       environment.household_kwh));
  if (last == nullptr) return;
  habits_->resume(here);
  const JsonObject unreported = fresh_of(*last);
  const KeptReader kept(unreported);
  kept(kHabits, *habits_);
}

void VirtualDevice::take_packs(const Setup& setup) {
  own_.packs = setup.packs;
  own_.pack_count = static_cast<double>(own_.packs.size());
  const auto parts = catalog::pack_parts(family());
  own_.packs.resize(parts.size());
  for (std::size_t k = 0; k < parts.size(); ++k) {
    if (!own_.packs[k].sn.empty()) continue;
    own_.packs[k].sn = own_serial(sn_, parts[k]->serial_prefix + std::to_string(k + 1));
  }
  show_packs(own_.pack_count);
}

void VirtualDevice::show_packs(double count) {
  const auto& all = virtual_family_->pack_fields;
  for (std::size_t k = 0; k < all.size(); ++k) {
    for (const std::size_t index : all[k]) {
      fields_.show(index, static_cast<double>(k) < count);
    }
  }
}

bool VirtualDevice::resume(const LastState& last, const Environment& environment) {
  const RestoredFields restored = restore_fields(fields_, last.reported);
  if (restored.count == 0) return false;
  if (!restored.missing.empty()) {
    constexpr std::size_t kNamed = 5;
    const std::span<const std::string> all(restored.missing);
    spdlog::warn(
        "{}: its last report has no valid value for {} of its fields ({}{}), which begin "
        "with their initial ones",
        sn_, all.size(), fmt::join(all.first(std::min(kNamed, all.size())), ", "),
        all.size() > kNamed ? ", ..." : "");
  }
  const wire::JsonObject unreported = fresh_of(last);
  try {
    model_->resume(fields_, environment, time_off(last, environment), unreported);
  } catch (const std::logic_error& error) {
    // Values that are valid by themselves and together make an infinite number.
    spdlog::warn("{}: starts with its initial values, because its last report makes no sense: {}",
                 sn_, error.what());
    return false;
  }
  return true;
}

JsonObject VirtualDevice::unreported() const {
  JsonObject all = model_->unreported();
  if (all.empty() && !habits_) return all;
  all[kKeptAt] = unix_ms(stepped_);
  if (habits_) all[kHabits] = kept_of(*habits_);
  return all;
}

std::optional<JsonObject> VirtualDevice::take_unreported() {
  const std::uint64_t version = model_->unreported_version();
  if (std::exchange(taken_version_, version) == version) return std::nullopt;
  return unreported();
}

void VirtualDevice::apply_faults(std::span<const FaultRule> rules, TimePoint now) {
  std::vector<Active> active;
  network_ = {};
  for (const FaultRule& order : rules) {
    const catalog::DeviceFault* known = catalog::find_device_fault(family(), order.fault);
    if (known == nullptr || !holds(order, sn_, now, chance_)) continue;
    active.push_back({.fault = known, .value = order.value});
    const std::string_view name = known->name;
    const auto period_ms = static_cast<std::int64_t>(order.value.value_or(kFlaps_s) * 1000);
    network_.cut_off = network_.cut_off || name == catalog::common_fault::kDisconnect ||
                       (name == catalog::common_fault::kFlapping &&
                        unix_ms(now) / std::max<std::int64_t>(period_ms, 1) % 2 == 1);
    network_.silent = network_.silent || name == catalog::common_fault::kNoReply;
    network_.malforms = network_.malforms || name == catalog::common_fault::kMalformed;
  }
  if (active == active_) return;
  active_ = std::move(active);
  Environment usual;
  for (const Active& each : active_) apply(*each.fault, each.value, usual);
  lacks_grid_ = !usual.grid_up;
  pin_fields();
}

void VirtualDevice::pin_fields() {
  write_numbers();
  for (const std::size_t index : std::exchange(pinned_, {})) fields_.unpin(index);
  const auto pin = [this](std::string_view field, const Json* value) {
    for (std::size_t i = 0; i < fields_.entries().size(); ++i) {
      const Fields::Entry& entry = fields_.entries()[i];
      if (entry.field->name != field) continue;
      fields_.pin(i, value == nullptr ? fields_.get(entry.slot) : *value);
      pinned_.push_back(i);
    }
  };
  for (const Active& active : active_) {
    for (const std::string& field : active.fault->freezes) pin(field, nullptr);
    for (const auto& [field, value] : active.fault->reports) pin(field, &value);
  }
}

Environment VirtualDevice::at_device(const Environment& environment) {
  Environment here = environment;
  adapt(here);
  return here;
}

void VirtualDevice::see_meter(std::optional<double> power_w) {
  lan_meter_ = {.number = lan_meter_ ? lan_meter_->number + 1 : 1, .power_w = power_w};
}

void VirtualDevice::adapt(Environment& environment) {
  environment.air_c = environment.place_c.at(static_cast<std::size_t>(own_.place));
  environment.circuits = own_.circuits;
  environment.roofs = own_.roofs;
  environment.packs = own_.packs;
  environment.pack_count = own_.pack_count;
  environment.lan_meter = lan_meter_;
  if (own_.carried > 0 && outing_.is_on(environment, [this](std::int64_t day) {
        return carried_hours(chance_.split(sn_).split("carried"), own_.carried, day);
      })) {
    environment.grid_up = false;
  }
  for (const Active& active : active_) apply(*active.fault, active.value, environment);
}

void VirtualDevice::connected(const Environment& environment, std::vector<Message>& out) {
  report(Extent::kFull, environment, out);
}

void VirtualDevice::move(const Environment& environment) {
  const Millis gone = environment.now - stepped_;
  // Commands advance the model a little beyond the clock; more than that, the clock was set back.
  if (gone > Millis(0) || gone < -kMostAhead) stepped_ = environment.now;
  if (gone <= Millis(0)) return;
  const Millis dt = std::min(gone, kLongestStep);
  Environment& here = unwritten_.emplace(environment);
  adapt(here);
  model_.step(here, dt);
  if (habits_) follow_habits();
}

// As with a set of an app, but nobody waits for a reply.
void VirtualDevice::follow_habits() {
  const std::vector<const catalog::CheckedSet*> due = habits_->due(*unwritten_);
  if (due.empty()) return;
  const Environment environment = *unwritten_;
  write_numbers();
  for (const catalog::CheckedSet* set : due) {
    if (!effects_fit(*set->command, set->params)) continue;
    static_cast<void>(model_->command(fields_, *set->command, set->params, environment));
    stepped_ += kInstant;
  }
  unwritten_ = environment;
}

void VirtualDevice::write_numbers() {
  if (unwritten_) {
    show_packs(unwritten_->pack_count);
    model_.write(fields_, *unwritten_);
  }
  unwritten_.reset();
  fall_asleep_or_wake();
}

void VirtualDevice::fall_asleep_or_wake() {
  if (sleep_ == Sleep::kNever) return;
  std::vector<double> values;
  values.reserve(virtual_family_->awake_inputs.size());
  for (const Slot input : virtual_family_->awake_inputs) values.push_back(fields_.si(input));
  sleep_ = evaluate(*virtual_family_->awake, values) <= 0 ? Sleep::kAsleep : Sleep::kAwake;
}

void VirtualDevice::step(const Environment& environment, std::vector<Message>& out) {
  move(environment);
  if (!unwritten_) return;
  const bool everything = environment.now - since_.report >= Millis(family().messages.full_ms);
  report(everything ? Extent::kFull : Extent::kChanged, environment, out);
}

void VirtualDevice::report(Extent extent, const Environment& environment,
                           std::vector<Message>& out) {
  write_numbers();
  const TimePoint now = active_.empty() ? environment.now : at_device(environment).now;
  ReportText::Envelope envelope = {.last_message_id = message_id_,
                                   .uptime_ms = (now - since_.start).count() + 1,
                                   .now_ms = unix_ms(now)};
  for (const ReportText& text : virtual_family_->reports) {
    TextBuffer& buffer = empty_buffer();
    if (!text.append(buffer, fields_, extent, envelope)) continue;
    std::string payload(buffer.view());
    if (network_.malforms)
      payload = malformed_report(payload, chance_.split(sn_).bits(next_mangling_++));
    out.push_back({.verb = "quota", .payload = std::move(payload)});
  }
  message_id_ = envelope.last_message_id;
  fields_.clear_changes();
  if (extent == Extent::kFull) since_.report = environment.now;
}

void VirtualDevice::on_set(std::string_view payload, const Environment& environment,
                           std::vector<Message>& out) {
  obey(payload, environment, out);
  if (network_.silent)
    std::erase_if(out, [](const Message& message) { return message.verb == "set_reply"; });
}

void VirtualDevice::obey(std::string_view payload, const Environment& environment,
                         std::vector<Message>& out) {
  const auto parsed = wire::parse_json(payload);
  if (!parsed || !parsed->is_object()) return;
  const JsonObject& request = parsed->get_object();
  const auto checked = catalog::check_set(family(), request);
  if (!checked || checked->command == nullptr) {
    const bool obeys = checked && family().passthrough;
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
  if (family().find_modbus_command(request) != nullptr) {
    out.push_back(
        {.verb = "set_reply",
         .payload = refusal(request, fmt::format("{} is a command over Modbus alone: this device "
                                                 "has no Modbus connection",
                                                 command.name))});
    return;
  }
  write_numbers();
  CommandOutcome outcome;
  if (effects_fit(command, checked->params)) {
    outcome = model_->command(fields_, command, checked->params, at_device(environment));
  } else {
    outcome.refused = true;
    outcome.result = fill(command.refusal, [&](std::string_view name) {
      return look_up(name, request, checked->params, environment);
    });
  }
  stepped_ += kInstant;  // the model's step, which the next one is shorter by
  report(outcome.full_report ? Extent::kFull : Extent::kChanged, environment, out);
  out.push_back(
      {.verb = "set_reply",
       .payload = reply_to(command, request, checked->params, outcome, at_device(environment))});
}

// Applies the effects, unless they would break the command's `valid_while`.
bool VirtualDevice::effects_fit(const catalog::Command& command, const JsonObject& params) {
  if (!command.valid_while) {
    apply_effects(command, params, fields_);
    return true;
  }
  std::vector<std::pair<Slot, Json>> before;
  for (const catalog::Effect& effect : command.effects) {
    const auto slot = virtual_family_->table->find(effect.field);
    if (slot) before.emplace_back(*slot, fields_.get(*slot));
  }
  apply_effects(command, params, fields_);
  std::vector<double> values;
  for (const std::string& name : command.valid_while->names) {
    values.push_back(fields_.si(virtual_family_->table->find(name).value()));
  }
  if (catalog::evaluate(*command.valid_while, values) >= 0) return true;
  for (const auto& [slot, value] : before) fields_.set(slot, value);
  return false;
}

std::string VirtualDevice::refusal(const JsonObject& request, std::string_view why) const {
  JsonObject reply{
      {"version", "1.0"}, {"code", code_of(ErrorCode::kBadParams).code}, {"message", why}};
  reply["id"] = id_of(request);
  for (const char* member : {"operateType", "moduleType", "moduleSn"}) {
    if (const Json* value = request.if_contains(member)) reply[member] = *value;
  }
  return wire::to_text(reply);
}

std::string VirtualDevice::reply_to(const catalog::Command& command, const JsonObject& request,
                                    const JsonObject& params, const CommandOutcome& outcome,
                                    const Environment& environment) {
  const auto lookup = [&](std::string_view name) {
    if (name == "action") return action_of(command, params);
    return look_up(name, request, params, environment);
  };
  JsonObject reply = fill(family().messages.reply, lookup);
  for (auto& [member, value] : fill(command.envelope, lookup)) reply[member] = value;
  JsonObject result = fill(command.reply, lookup);
  if (outcome.ack && result.contains("ack")) result["ack"] = *outcome.ack;
  for (const auto& [member, value] : outcome.result) result[member] = value;
  if (outcome.refused && command.refused_with != ErrorCode::kBadParams) {
    reply["code"] = code_of(command.refused_with).code;
  }
  reply[family().messages.result] = std::move(result);
  return wire::to_text(reply);
}

std::optional<Json> VirtualDevice::look_up(std::string_view name, const JsonObject& request,
                                           const JsonObject& params,
                                           const Environment& environment) {
  if (name == "message_id") return Json(++message_id_);
  if (name == "uptime_ms") return Json((environment.now - since_.start).count() + 1);
  if (name == "now_ms") return Json(unix_ms(environment.now));
  if (name == "id") return id_of(request);
  if (name.starts_with("module:")) {
    const auto& modules = fields_.modules(name.substr(7));
    return modules.empty() ? std::nullopt : std::optional<Json>(fields_.serial(modules.front()));
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
