#include "bridges/home_assistant/published_home.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace gridloom::bridges::home_assistant {
namespace {

using overview::PowerPlace;
using overview::Quantity;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// In the order of the enums. No place of a title is named by Home Assistant otherwise.
struct Title {
  std::string_view english;
  std::string_view german;
};
constexpr std::array<Title, overview::kPlaces> kPowers = {
    Title{"Solar power", "Solarleistung"},
    Title{"Battery power", "Akkuleistung"},
    Title{"Grid power", "Netzleistung"},
    Title{"Home power", "Verbrauch"},
    Title{"Car charging power", "Ladeleistung Auto"},
    Title{"Heating power", "Heizleistung"}};
constexpr std::array<Title, overview::kQuantities> kEnergies = {
    Title{"Solar energy", "Solarenergie"},
    Title{"Battery energy charged", "Akku geladene Energie"},
    Title{"Battery energy discharged", "Akku entladene Energie"},
    Title{"Grid energy imported", "Netzbezug"},
    Title{"Grid energy exported", "Netzeinspeisung"},
    Title{"Home energy", "Verbrauchte Energie"},
    Title{"Car energy", "Energie Auto"},
    Title{"Heating energy", "Energie Heizung"}};
constexpr Title kCharge{"Battery charge", "Ladestand"};
constexpr Title kHome{"Home energy", "Hausenergie"};

std::string power_key(PowerPlace place) { return fmt::format("{}_power", name_of(place)); }
std::string energy_key(std::size_t quantity, std::string_view epoch) {
  return fmt::format("{}_energy_{}", name_of(static_cast<Quantity>(quantity)), epoch);
}

std::string_view in(catalog::Language language, const Title& title) {
  return language == catalog::Language::kGerman ? title.german : title.english;
}

class Components {
 public:
  Components(const Topics& topics, catalog::Language language)
      : id_(topics.home_id()), language_(language) {}

  JsonObject& add(const std::string& key, const Title& title) {
    JsonObject component{{"p", "sensor"},
                         {"name", in(language_, title)},
                         {"uniq_id", fmt::format("{}_{}", id_, key)},
                         {"def_ent_id", fmt::format("sensor.home_{}", slug_of(title.english))},
                         {"val_tpl", fmt::format("{{{{ value_json['{}'] }}}}", key)}};
    return all_[key].emplace_object() = std::move(component);
  }
  JsonObject take() { return std::move(all_); }

 private:
  const std::string id_;
  const catalog::Language language_;
  JsonObject all_;
};

void set_class(JsonObject& component, std::string_view device_class, std::string_view unit,
               std::string_view state_class) {
  component["dev_cla"] = device_class;
  component["unit_of_meas"] = unit;
  component["stat_cla"] = state_class;
}

bool is_there(const HomeNow& now, PowerPlace place) {
  return now.picture != nullptr && now.picture->at(place).exists;
}

std::optional<double> energy(const HomeNow& now, std::size_t quantity) {
  return now.totals == nullptr ? std::nullopt : now.totals->home_wh.at(quantity);
}

JsonObject components_of(const Topics& topics, catalog::Language language, const HomeNow& now) {
  Components components(topics, language);
  for (std::size_t k = 0; k < overview::kPlaces; ++k) {
    const auto place = static_cast<PowerPlace>(k);
    if (!is_there(now, place)) continue;
    JsonObject& component = components.add(power_key(place), kPowers.at(k));
    set_class(component, "power", "W", "measurement");
    component["suggested_display_precision"] = 0;
  }
  if (is_there(now, PowerPlace::kBattery)) {
    JsonObject& component = components.add("charge", kCharge);
    set_class(component, "battery", "%", "measurement");
    component["suggested_display_precision"] = 0;
  }
  for (std::size_t k = 0; k < overview::kQuantities; ++k) {
    if (!energy(now, k)) continue;  // published only when it is known
    JsonObject& component = components.add(energy_key(k, now.totals->epoch), kEnergies.at(k));
    set_class(component, "energy", "Wh", "total_increasing");
    component["suggested_display_precision"] = 0;
  }
  return components.take();
}

Json rounded(std::optional<double> number, double digits) {
  if (!number || !std::isfinite(*number)) return nullptr;
  return std::round(*number * digits) / digits;
}

}  // namespace

JsonObject home_config(const Topics& topics, catalog::Language language, const HomeNow& now) {
  return {{"dev", JsonObject{{"ids", JsonArray{topics.home_id()}}, {"name", in(language, kHome)}}},
          {"o", JsonObject{{"name", "Gridloom"}}},
          {"avty", JsonArray{JsonObject{{"t", topics.status()}}}},
          {"avty_mode", "all"},
          {"stat_t", topics.home_state()},
          {"qos", 1},
          {"cmps", components_of(topics, language, now)}};
}

JsonObject home_state(const HomeNow& now) {
  JsonObject state;
  for (std::size_t k = 0; k < overview::kPlaces; ++k) {
    const auto place = static_cast<PowerPlace>(k);
    if (is_there(now, place)) {
      state[power_key(place)] = rounded(now.picture->at(place).power_w, 10);
    }
  }
  if (is_there(now, PowerPlace::kBattery))
    state["charge"] = rounded(now.picture->charge_percent, 10);
  for (std::size_t k = 0; k < overview::kQuantities; ++k) {
    const auto wh = energy(now, k);
    // Whole numbers, rounded down: they do not fall either.
    if (wh) state[energy_key(k, now.totals->epoch)] = std::llround(std::floor(*wh));
  }
  return state;
}

void PublishedHome::on_offline() {
  config_.clear();
  state_.clear();
}

void PublishedHome::update(const HomeNow& now) {
  if (!outlet_.has_room()) return;
  JsonObject config = home_config(topics_, language_, now);
  JsonObject& components = config["cmps"].get_object();
  if (components.empty() && components_.empty()) return;
  std::string text = wire::to_text(config);
  if (text != config_) {
    // A component that is no more is removed in two steps.
    JsonObject both = components;
    for (const auto& [key, component] : components_) {
      if (!both.contains(key)) both[key] = JsonObject{{"p", "sensor"}};
    }
    if (both.size() != components.size()) {
      JsonObject first = config;
      first["cmps"] = std::move(both);
      outlet_.publish(topics_.home_config(), wire::to_text(first), true);
    }
    components_ = components;
    outlet_.publish(topics_.home_config(), text, true);
    config_ = std::move(text);
  }
  std::string state = wire::to_text(home_state(now));
  if (state == state_) return;
  outlet_.publish(topics_.home_state(), state, true);
  state_ = std::move(state);
}

void HomeReader::tick() {
  const auto now = std::chrono::steady_clock::now();
  if (is_reading_ || now < next_) return;
  next_ = now + options_.every;
  is_reading_ = true;
  parts_.homes.get(
      options_.account,
      {.loop = &parts_.loop,
       .done = [this, alive = std::weak_ptr(alive_)](Result<home::HomeFeed::Home> answer) {
         if (!alive.lock()) return;
         if (answer) return read_counters(std::move(answer->picture));
         is_reading_ = false;
         has_answered_ = true;
       }});
}

void HomeReader::read_counters(Picture picture) {
  parts_.counters.get(options_.account,
                      {.loop = &parts_.loop,
                       .done = [this, alive = std::weak_ptr(alive_), picture = std::move(picture)](
                                   const Result<home::EnergyCounters::Totals>& totals) {
                         if (!alive.lock()) return;
                         is_reading_ = false;
                         // Counters that were known once stay.
                         if (totals) totals_ = *totals;
                         has_answered_ = true;
                         options_.on_home(picture, totals_);
                       }});
}

}  // namespace gridloom::bridges::home_assistant
