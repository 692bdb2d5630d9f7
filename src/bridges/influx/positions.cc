#include "bridges/influx/positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::string_view kKey = "positions";
constexpr std::int64_t kDay_ms = std::int64_t{24} * 3'600'000;  // a device's values are no later
constexpr wire::JsonLimits kLimits{
    .bytes = storage::States::kMaxBytes, .depth = 6, .keys = std::size_t{1} << 20U};

JsonObject json_of(const DevicePosition& position) {
  JsonArray hours;
  const std::size_t all = position.hours.size();
  for (const DevicePosition::Hour& each :
       std::span(position.hours).last(std::min(all, DevicePosition::kMostHoursKept))) {
    hours.push_back(JsonArray{each.hour, each.last_ms, each.rows});
  }
  JsonObject json{
      {"numbering", position.numbering}, {"mark", position.mark}, {"hours", std::move(hours)}};
  if (position.from_ms != kBeginOfTime_ms) json["from"] = position.from_ms;
  return json;
}

DevicePosition position_in(const Json& json) {
  DevicePosition position{.numbering = wire::whole_in(json, "numbering").value_or(0),
                          .mark = wire::whole_in(json, "mark").value_or(0),
                          .from_ms = wire::whole_in(json, "from").value_or(kBeginOfTime_ms)};
  const Json* const hours = wire::member(json, "hours");
  if (hours == nullptr || !hours->is_array()) return position;
  for (const Json& each : hours->get_array()) {
    if (!each.is_array() || each.get_array().size() != 3) continue;
    const JsonArray& parts = each.get_array();
    if (!std::ranges::all_of(parts, wire::is_whole)) continue;
    position.set({.hour = wire::whole(parts[0]),
                  .last_ms = wire::whole(parts[1]),
                  .rows = wire::whole(parts[2])});
  }
  return position;
}

}  // namespace

DevicePosition::Hour DevicePosition::of(std::int64_t hour) const {
  const auto found = std::ranges::find(hours, hour, &Hour::hour);
  return found == hours.end() ? Hour{.hour = hour, .last_ms = kBeginOfTime_ms} : *found;
}

void DevicePosition::set(const Hour& written) {
  std::erase_if(hours, [&](const Hour& each) { return each.hour == written.hour; });
  if (hours.size() >= kMostHours) hours.erase(hours.begin());
  hours.push_back(written);
}

Result<Positions> Positions::open(const Options& options) {
  Positions opened;
  opened.states_ = options.states;
  opened.bridge_ = options.bridge;
  opened.target_ = options.target;
  opened.since_ms_ = options.since_ms;
  opened.complete_ms_ = options.now_ms;
  const auto text = options.states->load(options.bridge, kKey);
  if (!text && text.error().code == ErrorCode::kIo) return std::unexpected(text.error());
  if (!text) return opened;
  const auto parsed = wire::parse_json(*text, kLimits);
  if (!parsed || wire::text_in(*parsed, "target") != options.target) return opened;
  const Json* devices = wire::member(*parsed, "devices");
  if (devices == nullptr || !devices->is_object()) return opened;
  opened.since_ms_ = wire::whole_in(*parsed, "since").value_or(options.since_ms);
  opened.complete_ms_ = wire::whole_in(*parsed, "complete").value_or(options.now_ms);
  for (const auto& [sn, json] : devices->get_object()) {
    if (json.is_object()) {
      opened.devices_.insert_or_assign(std::string(sn), position_in(json));
    } else if (wire::is_whole(json)) {
      // Version 1: the time of the last row.
      const std::int64_t written_ms = std::min(wire::whole(json), options.now_ms);
      opened.devices_.insert_or_assign(std::string(sn),
                                       DevicePosition{.from_ms = written_ms - kDay_ms});
    }
  }
  opened.is_saved_ = true;
  return opened;
}

DevicePosition Positions::of(std::string_view sn, std::int64_t now_ms) const {
  const auto found = devices_.find(sn);
  if (found != devices_.end()) return found->second;
  return {.from_ms = since_ms_ <= now_ms ? since_ms_ : now_ms - kDay_ms};
}

DevicePosition Positions::anew() const {
  return {.from_ms = std::max(since_ms_, complete_ms_ - kDay_ms)};
}

void Positions::set(std::string_view sn, DevicePosition position) {
  DevicePosition& known = devices_[std::string(sn)];
  if (known == position) return;
  known = std::move(position);
  is_saved_ = false;
}

void Positions::set_complete(std::int64_t at_ms) {
  complete_ms_ = at_ms;
  is_saved_ = false;
}

Status Positions::save() {
  if (is_saved_) return {};
  JsonObject devices;
  for (const auto& [sn, position] : devices_) devices[sn] = json_of(position);
  const JsonObject all{{"target", target_},
                       {"since", since_ms_},
                       {"complete", complete_ms_},
                       {"devices", std::move(devices)}};
  const std::string text = wire::to_text(all);
  if (text.size() > storage::States::kMaxBytes) {
    return fail(ErrorCode::kIo,
                fmt::format("the positions of {} devices have {} bytes, and the "
                            "limit is {}: they are not kept",
                            devices_.size(), text.size(), storage::States::kMaxBytes));
  }
  Status saved = states_->save(bridge_, kKey, text);
  is_saved_ = saved.has_value();
  return saved;
}

}  // namespace gridloom::bridges
