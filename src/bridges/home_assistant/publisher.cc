#include "bridges/home_assistant/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bridges/home_assistant/controls.h"
#include "bridges/home_assistant/entity.h"
#include "overview/freshness.h"

namespace gridloom::bridges::home_assistant {
namespace {

using wire::Json;
using wire::JsonObject;

// In the place of a serial number, which cannot be so: comes back behind all that the broker has.
constexpr std::string_view kMarker = ".";
constexpr std::string_view kMigrate = R"({"migrate_discovery": true})";
constexpr std::size_t kMaxSingle = 4096;     // topics that are taken over
constexpr std::size_t kMaxForeign = 20'000;  // devices of an earlier run

void add_to(Announced& known, const Announced& more) {
  for (const auto& [key, platform] : more.entities) known.entities.insert_or_assign(key, platform);
  for (const std::string& topic : more.topics) {
    if (std::ranges::find(known.topics, topic) == known.topics.end()) {
      known.topics.push_back(topic);
    }
  }
}

}  // namespace

PlanPtr plan_of(EntitiesPtr entities, std::span<const FurtherQuota> further) {
  auto plan = std::make_shared<Plan>();
  plan->entities = std::move(entities);
  for (const FurtherQuota& each : further) plan->further.insert(each.name);
  StringMap<std::size_t> numbers;
  for (const Entity& each : plan->entities->all) {
    if (each.topic.empty()) continue;
    const auto [at, is_new] = numbers.emplace(each.topic, plan->topics.size());
    if (is_new) {
      plan->topics.push_back(each.topic);
      plan->by_topic.emplace_back();
    }
    plan->by_topic[at->second].push_back(&each);
    for (const Source& source : each.sources) {
      auto& topics = plan->topics_of[source.quota];
      if (std::ranges::find(topics, at->second) == topics.end()) topics.push_back(at->second);
    }
  }
  return plan;
}

// --- from the book

PlanPtr Publisher::make_plan(const BookDevice& from, const Device& device) {
  const catalog::FamilyPtr& english = options_.catalog->of_serial(from.sn());
  std::vector<FurtherQuota> further;
  for (std::size_t slot = 0; slot < from.slots(); ++slot) {
    const std::string& name = from.name_of(slot);
    if (name.empty() || from.text_of(slot).empty() || !is_further(*english, name)) continue;
    const bool is_declared = from.field_of(slot) != nullptr;
    further.push_back({.name = name, .text = is_declared ? "" : from.text_of(slot)});
    if (further.size() == kMaxEntities) break;
  }
  std::ranges::sort(further, {}, &FurtherQuota::name);
  std::string key = english->id;
  for (const FurtherQuota& each : further) {
    // Entities depend on the kind of a value that is not declared, which its first letter tells.
    key += fmt::format("\n{} {}", each.name, each.text.substr(0, 1));
  }
  const std::vector<Entity> counters =
      counter_entities(device.counters, catalog::Language::kEnglish);
  for (const Entity& each : counters) key += fmt::format("\n{}", each.key);
  if (plans_.size() > 2 * devices_.size() + 16) {
    std::erase_if(plans_, [](const auto& each) { return each.second.expired(); });
  }
  std::weak_ptr<const Plan>& shared = plans_[key];
  if (auto plan = shared.lock()) return plan;
  PlanPtr plan =
      plan_of(entities_of({.english = english,
                           .shown = options_.catalog->in_language(english, options_.language),
                           .has_controls = options_.has_controls,
                           .counters = device.counters},
                          further),
              further);
  shared = plan;
  return plan;
}

void Publisher::take_plan(Device& device, PlanPtr plan) const {
  device.is_plan_old = false;
  if (device.plan == plan) return;
  if (device.plan && device.was_announced) {
    add_to(device.known, announced_of(*device.plan->entities));
  }
  device.plan = std::move(plan);
  device.was_announced = false;
  device.is_announced = false;
  device.topics.assign(device.plan->topics.size(), Topic());
}

void Publisher::on_device(const BookDevice& from) {
  if (!options_.devices.has_device(from.sn(), from.name())) return on_removed(from.sn());
  Device& device = devices_[from.sn()];
  if (device.name != from.name()) {
    device.name = from.name();
    device.is_announced = false;
  }
  device.product = from.product();
  device.is_plan_old = true;
  device.planned.reset();
  for (Topic& each : device.topics) each.is_dirty = true;
  on_state(from);
}

void Publisher::on_removed(std::string_view sn) {
  const auto found = devices_.find(sn);
  if (found == devices_.end()) return;
  Device& device = found->second;
  if (device.was_announced) add_to(device.known, announced_of(*device.plan->entities));
  if (device.was_announced || !device.known.entities.empty()) {
    add_to(foreign_[found->first], device.known);
  }
  devices_.erase(found);
}

void Publisher::on_values(const BookDevice& from, std::span<const std::size_t> slots) {
  const auto found = devices_.find(from.sn());
  if (found == devices_.end()) return;
  Device& device = found->second;
  for (const std::size_t slot : slots) {
    if (!device.plan) break;
    const std::string& name = from.name_of(slot);
    const auto topics = device.plan->topics_of.find(name);
    if (topics != device.plan->topics_of.end()) {
      for (const std::size_t topic : topics->second) device.topics[topic].is_dirty = true;
    } else if (is_further(*device.plan->entities->english, name) &&
               !device.plan->further.contains(name)) {
      device.is_plan_old = true;
    }
  }
  on_state(from);
}

void Publisher::on_state(const BookDevice& from) {
  const auto found = devices_.find(from.sn());
  if (found != devices_.end()) found->second.is_live = from.state() == overview::Freshness::kLive;
}

void Publisher::on_counters(const home::EnergyTotals& totals) {
  for (const home::EnergyTotals::Device& each : totals.devices) {
    const auto found = devices_.find(each.sn);
    if (found == devices_.end()) continue;
    Device& device = found->second;
    DeviceCounters now = counters_of(totals, each);
    if (!have_same_entities(now, device.counters)) device.is_plan_old = true;
    device.counters = std::move(now);
    if (!device.plan) continue;
    for (const Entity& entity : device.plan->entities->all) {
      if (!entity.counter) continue;
      for (const std::size_t topic : device.plan->topics_of.at(entity.sources.front().quota)) {
        device.topics[topic].is_dirty = true;
      }
    }
  }
}

// --- from the broker

void Publisher::on_online(Moment now) {
  phase_ = Phase::kLearning;
  learning_since_ = now;
  for (auto& [sn, device] : devices_) {
    device.is_announced = false;
    device.is_available.reset();
    for (Topic& each : device.topics) each = Topic();
  }
  publish(options_.topics.status(), std::string(kOnline));
  publish(options_.topics.published(kMarker), "", false);
}

void Publisher::on_offline() {
  phase_ = Phase::kOffline;
  // The broker tells again, perhaps before on_online().
  foreign_.clear();
  single_.clear();
}

std::optional<Publisher::Asked> Publisher::on_message(std::string_view topic,
                                                      std::string_view payload, bool retained) {
  if (topic == options_.topics.birth()) {
    // A retained one is older than this connection, on which all is announced anyway.
    if (payload == kOnline && !retained) on_birth();
  } else if (const auto set = options_.topics.parse_set(topic)) {
    return asked(*set, payload, retained);
  } else if (const auto sn = options_.topics.parse_published(topic)) {
    learn(*sn, payload, retained);
  } else if (const auto node = options_.topics.parse_single(topic)) {
    if (options_.migrates && retained && !payload.empty() && single_.size() < kMaxSingle) {
      single_[std::string(*node)].insert(std::string(topic));
      for (auto& [known, device] : devices_) {
        if (device_id(known) == *node) device.is_announced = false;
      }
    }
  }
  return std::nullopt;
}

void Publisher::on_birth() {
  options_.health->add_to_figure("births");
  for (auto& [sn, device] : devices_) device.is_announced = false;
}

void Publisher::learn(std::string_view sn, std::string_view payload, bool retained) {
  if (sn == kMarker) {
    if (phase_ == Phase::kLearning) phase_ = Phase::kAnnouncing;
    return;
  }
  // A message that is not retained was published by this bridge just now.
  if (!retained || payload.empty() || foreign_.size() >= kMaxForeign) return;
  if (auto known = parse_announced(payload)) {
    add_to(foreign_[std::string(sn)], *known);
  } else {
    options_.health->error(
        fmt::format("{} is not what this bridge writes there", options_.topics.published(sn)));
  }
}

std::optional<Publisher::Asked> Publisher::asked(const Topics::Set& set, std::string_view payload,
                                                 bool retained) {
  const auto device = devices_.find(set.sn);
  // Another bridge may have devices on the same topics.
  if (device == devices_.end() || !device->second.plan) return std::nullopt;
  const auto refuse = [&](std::string_view why) {
    options_.health->add_to_figure("sets_refused");
    options_.health->error(fmt::format("set of {}: {}", set.sn, why));
    return std::nullopt;
  };
  if (retained) return refuse("a retained message is no request, because it would be repeated");
  const Entity* entity = device->second.plan->entities->find(set.key);
  if (entity == nullptr || !entity->control) return refuse("there is no such control");
  auto params = params_for(*entity, payload);
  if (!params) return refuse(params.error().detail);
  return Asked{.sn = device->first,
               .entity = entity,
               .entities = device->second.plan->entities,
               .params = std::move(*params)};
}

// --- to the broker

void Publisher::publish(std::string_view topic, std::string payload, bool retain) const {
  options_.outlet->publish(topic, std::move(payload), retain);
}

void Publisher::tick(Moment now, const Book& book) {
  if (phase_ == Phase::kLearning && now - learning_since_ >= kLearnWithin) {
    phase_ = Phase::kAnnouncing;
  }
  if (phase_ != Phase::kAnnouncing) return;
  if (book.is_whole) remove_foreign();
  auto at = devices_.lower_bound(next_);
  for (std::size_t k = 0; k < devices_.size(); ++k) {
    if (at == devices_.end()) at = devices_.begin();
    next_ = at->first;
    if (!options_.outlet->has_room() || !work_on(at->first, at->second, now, book)) return;
    ++at;
  }
  // All had their turn.
  options_.health->set_figure("devices", static_cast<std::int64_t>(devices_.size()));
}

bool Publisher::work_on(const std::string& sn, Device& device, Moment now, const Book& book) {
  const BookDevice* from = book.find(sn);
  if (from == nullptr) return true;
  const bool may_plan = !device.planned || now - *device.planned >= options_.at_most_every;
  if (device.is_plan_old && may_plan) {
    device.planned = now;
    take_plan(device, make_plan(*from, device));
  }
  if (!device.plan || device.plan->entities->all.empty()) return true;
  if (!device.is_announced) announce(sn, device);
  if (!device.is_live) {
    set_available(sn, device, false);
    return options_.outlet->has_room();
  }
  for (std::size_t topic = 0; topic < device.topics.size(); ++topic) {
    Topic& its = device.topics[topic];
    if (!its.is_dirty || (its.published && now - *its.published < options_.at_most_every)) continue;
    if (!options_.outlet->has_room()) return false;
    publish_topic(*from, device, topic);
    its = {.is_dirty = false, .published = now};
  }
  // Behind the states, which are of now from here on.
  set_available(sn, device, true);
  return options_.outlet->has_room();
}

void Publisher::announce(const std::string& sn, Device& device) {
  if (const auto earlier = foreign_.find(sn); earlier != foreign_.end()) {
    add_to(device.known, earlier->second);
    foreign_.erase(earlier);
  }
  const Announced now = announced_of(*device.plan->entities);
  const DeviceNames names{.sn = sn, .name = device.name, .product = device.product};
  const std::string topic = options_.topics.config(sn);
  std::map<std::string, Platform, std::less<>> removed;
  for (const auto& [key, platform] : device.known.entities) {
    const auto same = now.entities.find(key);
    if (same == now.entities.end() || same->second != platform) removed.emplace(key, platform);
  }
  const auto single = single_.find(device_id(sn));
  if (single != single_.end()) {
    for (const std::string& each : single->second) publish(each, std::string(kMigrate), false);
  }
  const auto send = [&](const std::map<std::string, Platform, std::less<>>& without) {
    publish(topic,
            wire::to_text(config_message(options_.topics, names, *device.plan->entities, without)));
  };
  if (!removed.empty()) send(removed);
  send({});
  if (single != single_.end()) {
    for (const std::string& each : single->second) publish(each, "");
    single_.erase(single);
  }
  for (const std::string& each : device.known.topics) {
    const bool is_gone = std::ranges::find(now.topics, each) == now.topics.end();
    if (is_gone) publish(options_.topics.state(sn, each), "");
  }
  publish(options_.topics.published(sn), text_of(now));
  device.known = {};
  device.is_announced = true;
  device.was_announced = true;
}

void Publisher::set_available(const std::string& sn, Device& device, bool is_available) {
  if (device.is_available == is_available) return;
  device.is_available = is_available;
  publish(options_.topics.availability(sn), std::string(is_available ? kOnline : kOffline));
}

std::optional<Json> Publisher::state(const BookDevice& from, Device& device,
                                     const Entity& entity) const {
  if (entity.counter) return counter_state(device.counters, *entity.counter);
  auto state = state_of(entity, [&](std::string_view quota) -> std::optional<Json> {
    const auto slot = from.slot_named(quota);
    if (!slot || from.text_of(*slot).empty()) return std::nullopt;
    auto value = wire::parse_json(from.text_of(*slot));
    return value ? std::optional(std::move(*value)) : std::nullopt;
  });
  if (!entity.never_falls || !state) return state;
  // Home Assistant takes a fall for a new beginning, and adds the whole value.
  const double number = state->to_number<double>();
  if (number < 0) return std::nullopt;
  const auto [highest, is_first] = device.highest.emplace(entity.key, number);
  if (number < highest->second) {
    options_.health->add_to_figure("held_back");
    const double kept = highest->second;
    return kept == std::trunc(kept) ? Json(std::llround(kept)) : Json(kept);
  }
  highest->second = number;
  return state;
}

void Publisher::publish_topic(const BookDevice& from, Device& device, std::size_t topic) {
  JsonObject states;
  for (const Entity* each : device.plan->by_topic[topic]) {
    states[each->key] = state(from, device, *each).value_or(Json(nullptr));
  }
  publish(options_.topics.state(from.sn(), device.plan->topics[topic]), wire::to_text(states));
}

void Publisher::remove_foreign() {
  for (auto at = foreign_.begin(); at != foreign_.end();) {
    if (!options_.outlet->has_room()) return;
    const auto& [sn, known] = *at;
    if (devices_.contains(sn)) {
      ++at;  // announce() compares
      continue;
    }
    publish(options_.topics.config(sn), "");
    publish(options_.topics.availability(sn), "");
    for (const std::string& each : known.topics) publish(options_.topics.state(sn, each), "");
    publish(options_.topics.published(sn), "");
    at = foreign_.erase(at);
  }
}

}  // namespace gridloom::bridges::home_assistant
