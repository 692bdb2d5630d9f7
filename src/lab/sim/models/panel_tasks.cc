#include "sim/models/panel_tasks.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "sim/models/panel_json.h"

namespace gridloom::sim::panel {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::array<std::string_view, 7> kWeekdays = {"mon", "tues", "wed", "thur",
                                                       "fri", "sat",  "sun"};

}  // namespace

bool Tasks::Range::holds(const Stamp& now) const {
  if (start[0] != 0 && now < start) return false;
  if (end[0] != 0 && now > end) return false;
  switch (days) {
    case Days::kOfWeek:
      return chosen.test(static_cast<std::size_t>(iso_weekday(now)));
    case Days::kOfMonth:
      return chosen.test(static_cast<std::size_t>(now[2]));
    case Days::kDate:
      return date == date_of(now);
    case Days::kAll:
      break;
  }
  return true;
}

Tasks::Range Tasks::range_of(const Json& range) {
  if (integer(range, "isCfg") == 0 || integer(range, "isEnable") == 0) return {};
  Range found = {.start = stamp_of(at(range, "startTime")), .end = stamp_of(at(range, "endTime"))};
  const Json& chosen = at(range, "mode1");
  switch (integer(range, "timeMode")) {
    case 1:
      found.days = Days::kOfWeek;
      for (std::size_t i = 0; i < kWeekdays.size(); ++i) {
        found.chosen[i + 1] = integer(chosen, kWeekdays.at(i)) != 0;
      }
      break;
    case 2:
      found.days = Days::kOfMonth;
      for (std::size_t n = 1; n < found.chosen.size(); ++n) {
        const JsonArray* days = chosen.if_array();
        found.chosen[n] = days != nullptr && std::ranges::any_of(*days, [&](const Json& day) {
                            return integer(day) == static_cast<std::int64_t>(n);
                          });
      }
      break;
    case 3:
      found.days = Days::kDate;
      found.date = date_of(stamp_of(chosen));
      break;
    default:
      break;
  }
  return found;
}

Tasks::Task Tasks::task_of(const Json& cfg) {
  const Json& com_cfg = at(cfg, "comCfg");
  const Json& param = at(cfg, "param");
  Task task;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const auto bits = static_cast<unsigned>(integer(at(at(com_cfg, "timeScale"), slot / 8)));
    task.slots[slot] = ((bits >> (slot % 8)) & 1U) != 0;
  }
  task.range = range_of(at(com_cfg, "timeRange"));
  task.charges = TaskType{integer(com_cfg, "type")} == TaskType::kCharge;
  for (std::size_t i = 0; i < (task.charges ? kPacks : kLoads); ++i) {
    task.channels[i] = number(at(at(param, "chSta"), i)) != 0;
  }
  task.charge = {.active = true,
                 .low_soc = number(at(param, "lowBattery")),
                 .high_soc = number(at(param, "hightBattery")),
                 .power_w = number(at(param, "chChargeWatt"))};
  return task;
}

Tasks::Tasks(const Json& list) {
  for (std::size_t n = 0; !at(list, n).is_null(); ++n) {
    const Json& cfg = at(at(list, n), "cfg");
    const Json& com_cfg = at(cfg, "comCfg");
    if (integer(com_cfg, "isCfg") == 0 || integer(com_cfg, "isEnable") == 0) continue;
    tasks_.push_back(task_of(cfg));
  }
}

TaskRequests Tasks::requests_at(const Stamp& now) const {
  TaskRequests requests;
  const auto slot = static_cast<std::size_t>((now[3] * 60 + now[4]) / 10);
  for (const Task& task : tasks_) {
    if (!task.slots.test(slot) || !task.range.holds(now)) continue;
    for (std::size_t i = 0; i < kLoads; ++i) {
      if (!task.channels[i]) continue;
      if (task.charges) {
        requests.charge.at(i) = task.charge;
      } else {
        requests.discharge.at(i) = true;
      }
    }
  }
  return requests;
}

namespace {

// Merges the members of `from` over those of `into`; the choice of days is one value and is
// replaced as a whole.
void merge(Json& into, const Json& from) {
  if (!into.is_object() || !from.is_object()) {
    into = from;
    return;
  }
  for (const auto& [key, value] : from.get_object()) {
    if (key == "mode1") {
      into.get_object()[key] = value;
    } else {
      merge(into.get_object()[key], value);
    }
  }
}

void correct_week(Json& time) {
  if (time.is_object()) time.get_object()["week"] = iso_weekday(stamp_of(time));
}

// The list's initial element in the file, which a read shows if no task is set.
const Json& empty_task(const Fields& fields, Slot list) { return at(fields.initial(list), 0); }

// The configuration of a task as a read shows it: `sent` merged over `base`.
Json task_config(Json base, const Json& sent, TaskType type) {
  JsonObject& cfg = base.get_object();
  for (const std::string_view part : {"param", "comCfg"}) {
    if (wire::member(sent, part) != nullptr) merge(cfg[part], at(sent, part));
  }
  JsonObject& param = cfg["param"].get_object();
  // A discharge task is sent with its channels next to the configuration, but is read like any
  // other.
  if (const Json* channels = wire::member(sent, "chSta")) param["chSta"] = *channels;
  if (JsonArray* channels = param["chSta"].if_array()) channels->resize(kLoads, Json(0));
  JsonObject& com_cfg = cfg["comCfg"].get_object();
  if (integer(com_cfg["type"]) == 0) com_cfg["type"] = static_cast<std::int64_t>(type);
  // A byte of ones may be sent as -1.
  if (JsonArray* slots = com_cfg["timeScale"].if_array()) {
    for (Json& byte : *slots) byte = integer(byte) & 0xff;
  }
  correct_week(com_cfg["setTime"]);
  correct_week(com_cfg["timeRange"].get_object()["startTime"]);
  correct_week(com_cfg["timeRange"].get_object()["endTime"]);
  return base;
}

bool is_set(const Json& task) { return integer(at(at(task, "cfg"), "comCfg"), "isCfg") != 0; }

}  // namespace

void set_task(Fields& fields, Slot list, const JsonObject& params, TaskType type) {
  if (!at(params, "cfg").is_object()) return;
  Json task = empty_task(fields, list);
  task.get_object()["index"] = at(params, "cfgIndex");
  Json& config = task.get_object()["cfg"];
  config.get_object()["comCfg"].get_object()["isCfg"] = 1;
  JsonArray tasks;
  const Json old = fields.get(list);
  for (std::size_t n = 0; !at(old, n).is_null(); ++n) {
    const Json& other = at(old, n);
    const Json& its_config = at(other, "cfg");
    if (integer(other, "index") != integer(params, "cfgIndex")) {
      if (is_set(other)) tasks.push_back(other);
    } else if (is_set(other) && TaskType{integer(at(its_config, "comCfg"), "type")} == type) {
      config = its_config;
    }
  }
  config = task_config(config, at(params, "cfg"), type);
  if (is_set(task)) tasks.push_back(std::move(task));
  if (tasks.empty()) tasks.push_back(empty_task(fields, list));
  std::ranges::sort(tasks, {}, [](const Json& each) { return integer(each, "index"); });
  fields.set(list, std::move(tasks));
}

}  // namespace gridloom::sim::panel
