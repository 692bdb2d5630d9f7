#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/home_assistant/controls.h"
#include "bridges/home_assistant/entities.h"
#include "bridges/home_assistant/entity.h"
#include "bridges/home_assistant/test_families.h"
#include "catalog/effects.h"
#include "catalog/set_message.h"

namespace gridloom::bridges::home_assistant {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::Ge;
using testing::Le;
using testing::Not;
using testing::SizeIs;
using wire::Json;
using wire::JsonObject;

// A device class of a sensor or a number, the units that it allows, and its state classes, as
// homeassistant/components/sensor/const.py has them.
struct Rule {
  std::string_view device_class;
  std::vector<std::string_view> units;
  std::set<StateClass> state_classes;
};
const std::vector<Rule>& rules() {
  using enum StateClass;
  static const std::vector<Rule> kRules = {
      {"apparent_power", {"mVA", "VA", "kVA"}, {kMeasurement}},
      {"battery", {"%"}, {kMeasurement}},
      {"current", {"A", "mA"}, {kMeasurement}},
      {"distance", {"km", "m", "cm", "mm"}, {kMeasurement, kTotalIncreasing}},
      {"duration", {"d", "h", "min", "s", "ms"}, {kMeasurement, kTotalIncreasing}},
      {"energy", {"Wh", "kWh", "MWh"}, {kTotalIncreasing}},
      {"energy_storage", {"Wh", "kWh", "MWh"}, {kMeasurement}},
      {"enum", {""}, {kNone}},
      {"frequency", {"Hz", "kHz", "MHz", "GHz"}, {kMeasurement}},
      {"power", {"mW", "W", "kW", "MW"}, {kMeasurement}},
      {"reactive_power", {"mvar", "var", "kvar"}, {kMeasurement}},
      {"signal_strength", {"dB", "dBm"}, {kMeasurement}},
      {"temperature", {"°C", "°F", "K"}, {kMeasurement}},
      {"timestamp", {""}, {kNone}},
      {"voltage", {"V", "mV"}, {kMeasurement}},
      {"volume_flow_rate", {"m³/h", "L/min"}, {kMeasurement}},
      {"weight", {"kg", "g"}, {kMeasurement}}};
  return kRules;
}

const Rule* rule_of(std::string_view device_class) {
  const auto found = std::ranges::find(rules(), device_class, &Rule::device_class);
  return found == rules().end() ? nullptr : &*found;
}

bool is_number(const Entity& entity) {
  return entity.form == Form::kNumber || entity.form == Form::kSetting;
}

// Why Home Assistant would drop the entity; empty: it would not.
std::string complaint(const Entity& entity) {
  const bool is_sensor = entity.platform == Platform::kSensor;
  if (entity.title.empty() || entity.slug.empty()) return "it has no title";
  if (key_of(entity.key) != entity.key || entity.key.empty()) return "its key has other letters";
  if (is_sensor && entity.category == Category::kConfig) return "a sensor is no setting";
  if (entity.platform == Platform::kBinarySensor) {
    const bool is_known = entity.device_class.empty() || entity.device_class == "problem";
    return is_known && entity.unit.empty() && entity.state_class == StateClass::kNone
               ? ""
               : "a binary sensor has neither class of a sensor nor unit";
  }
  if (entity.platform == Platform::kNumber &&
      (entity.control->least >= entity.control->most || entity.control->step < 0.001)) {
    return "its limits are none";
  }
  if (entity.platform == Platform::kSelect && entity.options.size() < 2) return "no options";
  if (!entity.device_class.empty()) {
    const Rule* rule = rule_of(entity.device_class);
    if (rule == nullptr) return "there is no such device class";
    if (std::ranges::find(rule->units, entity.unit) == rule->units.end()) {
      return fmt::format("{} has no unit {}", entity.device_class, entity.unit);
    }
    if (is_sensor && !rule->state_classes.contains(entity.state_class)) return "its state class";
  }
  if ((entity.device_class == "enum") != (is_sensor && !entity.options.empty())) {
    return "an enum has options, and nothing else has";
  }
  const bool has_number = !entity.unit.empty() || entity.state_class != StateClass::kNone ||
                          entity.decimals.has_value();
  if (has_number && !is_number(entity)) return "a text has no unit";
  return "";
}

struct Case {
  catalog::FamilyPtr family;
  catalog::Language language;
  EntitiesPtr entities;
  [[nodiscard]] std::string name() const {
    return fmt::format("{} in {}", family->id,
                       catalog::kLanguageTags.at(static_cast<std::size_t>(language)));
  }
};
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const catalog::FamilyPtr& family : all_families().families()) {
    for (const auto language : {catalog::Language::kEnglish, catalog::Language::kGerman}) {
      all.push_back({family, language, entities_in(family, language)});
    }
  }
  return all;
}

TEST(Entities, NoneOfAnyFamilyIsOneThatHomeAssistantDrops) {
  EXPECT_THAT(all_families().families(), SizeIs(Ge(12U)));
  for (const Case& each : cases()) {
    EXPECT_THAT(each.entities->all, AllOf(SizeIs(Ge(5U)), SizeIs(Le(kMaxEntities)))) << each.name();
    for (const Entity& entity : each.entities->all) {
      EXPECT_EQ(complaint(entity), "") << each.name() << ": " << entity.key;
    }
  }
}

TEST(Entities, HaveAKeyAndAnEntityIdOfTheirOwn) {
  for (const Case& each : cases()) {
    std::set<std::string> keys;
    std::set<std::string> ids;
    std::map<std::string, std::size_t> topics;
    for (const Entity& entity : each.entities->all) {
      EXPECT_TRUE(keys.insert(entity.key).second) << each.name() << ": " << entity.key;
      EXPECT_TRUE(ids.insert(fmt::format("{}.{}", name_of(entity.platform), entity.slug)).second)
          << each.name() << ": " << entity.slug;
      EXPECT_EQ(entity.topic.empty(), entity.platform == Platform::kButton) << entity.key;
      if (!entity.topic.empty()) ++topics[entity.topic];
    }
    for (const auto& [topic, size] : topics) EXPECT_LE(size, kMaxOfTopic) << topic;
  }
}

TEST(Entities, DifferInTheirTextsAloneBetweenLanguages) {
  for (const catalog::FamilyPtr& family : all_families().families()) {
    const auto english = entities_in(family, catalog::Language::kEnglish);
    const auto german = entities_in(family, catalog::Language::kGerman);
    ASSERT_EQ(english->all.size(), german->all.size()) << family->id;
    std::size_t others = 0;
    for (std::size_t k = 0; k < english->all.size(); ++k) {
      const Entity& a = english->all[k];
      const Entity& b = german->all[k];
      EXPECT_EQ(a.key, b.key);
      EXPECT_EQ(a.platform, b.platform) << a.key;
      EXPECT_EQ(a.slug, b.slug) << "automations are the same in both";
      EXPECT_EQ(a.topic, b.topic) << a.key;
      others += a.title == b.title ? 0 : 1;
    }
    EXPECT_TRUE(family->passthrough || others > english->all.size() / 2) << family->id;
  }
}

TEST(Entities, AFewAreEnabledAndEveryFieldWithANatureIs) {
  for (const Case& each : cases()) {
    const auto enabled = std::ranges::count_if(each.entities->all, &Entity::is_enabled);
    EXPECT_GE(enabled, 3) << each.name();
    EXPECT_LE(enabled, 60) << each.name();
    for (const catalog::Field& field : each.family->fields) {
      if (field.nature.empty() || field.name.contains('*')) continue;
      const Entity* entity = each.entities->find(key_of(field.name));
      ASSERT_NE(entity, nullptr) << each.name() << ": " << field.name;
      EXPECT_TRUE(entity->is_enabled) << field.name;
      // The grid is there or not, which some devices say by a name.
      if (field.nature == "grid.present") continue;
      // A meter is named by its serial number.
      const Form form = field.nature == "grid.meter" ? Form::kText : Form::kNumber;
      EXPECT_EQ(entity->form, form) << field.name;
      if (field.nature == "battery.soc") {
        EXPECT_EQ(entity->device_class, "battery");
        EXPECT_EQ(entity->state_class, StateClass::kMeasurement) << "the energy dashboard asks";
      }
      if (field.nature == "battery.capacity" || field.nature == "battery.stored") {
        EXPECT_EQ(entity->device_class, "energy_storage");
        EXPECT_EQ(entity->state_class, StateClass::kMeasurement);
      }
      if (field.nature.ends_with(".power")) {
        EXPECT_EQ(entity->device_class, "power");
      }
      if (field.nature.contains(".energy")) {
        EXPECT_EQ(entity->device_class, "energy");
        EXPECT_EQ(entity->state_class, StateClass::kTotalIncreasing);
        EXPECT_TRUE(entity->never_falls);
      }
    }
  }
}

TEST(Entities, EveryUnitOfAFamilyHasARow) {
  std::set<std::string> missing;
  const auto look = [&](const std::string& unit) {
    const bool is_known = unit.empty() || std::ranges::any_of(unit_rows(), [&](const UnitRow& row) {
                            return row.unit == unit;
                          });
    if (!is_known) missing.insert(unit);
  };
  for (const catalog::FamilyPtr& family : all_families().families()) {
    for (const catalog::Field& field : family->fields) {
      catalog::for_each_value(
          field, field.initial,
          [&](const catalog::Field& part, const Json&, const std::string&) { look(part.unit); });
    }
    for (const catalog::Command& command : family->commands) {
      for (const catalog::Param& param : command.params) look(param.unit);
    }
  }
  EXPECT_THAT(missing, testing::IsEmpty());
}

TEST(Entities, OfAUnitWithoutARowHaveNoDeviceClass) {
  EXPECT_EQ(unit_row("furlong").device_class, "");
  EXPECT_EQ(unit_row("furlong").name, "furlong");
  EXPECT_EQ(unit_row("l/min").name, "L/min");
}

TEST(Entities, OfAnUnknownDeviceAreWhatItReports) {
  const auto generic = all_families().find("generic");
  const auto entities = entities_in(generic, catalog::Language::kEnglish);
  std::vector<std::string> lines;
  for (const Entity& each : entities->all) {
    lines.push_back(fmt::format("{} {} {}", name_of(each.platform), each.key, each.is_enabled));
  }
  EXPECT_THAT(lines, testing::ElementsAre("sensor a_number true", "binary_sensor a_flag true",
                                          "sensor a_text true", "sensor a_number__2 true",
                                          "sensor Gr____e_in__ true"));
}

// --- controls

std::string value_text(const Entity& entity, double value) {
  return entity.control->step == std::trunc(entity.control->step)
             ? fmt::format("{}", std::llround(value))
             : fmt::format("{}", value);
}

// What Home Assistant may send to the control.
std::vector<std::string> payloads(const Entity& entity) {
  if (entity.platform == Platform::kButton) return {"PRESS"};
  if (entity.platform == Platform::kNumber) {
    return {value_text(entity, entity.control->least), value_text(entity, entity.control->most)};
  }
  if (entity.platform == Platform::kSwitch) return {"OFF", "ON"};
  return entity.options;
}

TEST(Controls, SendOnlyWhatTheFamilyAccepts) {
  std::size_t controls = 0;
  for (const Case& each : cases()) {
    for (const Entity& entity : each.entities->all) {
      if (!entity.control) continue;
      ++controls;
      for (const std::string& payload : payloads(entity)) {
        const auto params = params_for(entity, payload);
        ASSERT_TRUE(params) << each.name() << ": " << entity.key << ": " << params.error().detail;
        const auto checked = catalog::check_set(
            *each.family, catalog::set_message(*entity.control->command, *params));
        ASSERT_TRUE(checked) << each.name() << ": " << entity.key << " " << payload << ": "
                             << checked.error().detail;
        EXPECT_EQ(checked->command, entity.control->command);
      }
      EXPECT_TRUE(entity.platform == Platform::kButton || !params_for(entity, "nonsense"));
      if (entity.control->command->dangerous) {
        EXPECT_FALSE(entity.is_enabled) << entity.key;
      }
    }
  }
  EXPECT_GE(controls, 100U);
}

// The quotas that a device has once a set was carried out by its family's file.
std::map<std::string, Json> after(const catalog::Family& family, const Entity& entity,
                                  const JsonObject& params) {
  std::map<std::string, Json> values;
  for (const catalog::Effect& effect : entity.control->command->effects) {
    const auto value = catalog::value_of(effect, params);
    if (!value || !effect.at.empty()) continue;
    for (const Source& source : entity.sources) {
      if (family.field(source.quota) != family.field(effect.field)) continue;
      const bool is_set = !value->is_number() ? *value == Json(true) : *value != Json(0);
      values[source.quota] =
          effect.bit ? Json(is_set ? std::int64_t{1} << *effect.bit : std::int64_t{0}) : *value;
    }
  }
  return values;
}

TEST(Controls, ShowWhatWasSetOnceTheDeviceReportsIt) {
  for (const Case& each : cases()) {
    for (const Entity& entity : each.entities->all) {
      if (!entity.control || entity.platform == Platform::kButton) continue;
      for (const std::string& payload : payloads(entity)) {
        const auto values = after(*each.family, entity, *params_for(entity, payload));
        const auto state = state_of(entity, [&](std::string_view quota) -> std::optional<Json> {
          const auto found = values.find(std::string(quota));
          return found == values.end() ? std::nullopt : std::optional(found->second);
        });
        ASSERT_TRUE(state) << each.name() << ": " << entity.key << " " << payload;
        if (entity.platform == Platform::kNumber) {
          EXPECT_NEAR(state->to_number<double>(), std::stod(payload), entity.control->step / 2)
              << each.name() << ": " << entity.key;
        } else if (entity.platform == Platform::kSwitch || values.size() == 1) {
          // Two values of a parameter may have the same effect: the first of them is shown.
          const auto again = params_for(entity, wire::plain_text(*state));
          ASSERT_TRUE(again) << entity.key;
          EXPECT_EQ(after(*each.family, entity, *again), values)
              << each.name() << ": " << entity.key << " " << payload;
        }
      }
    }
  }
}

TEST(Controls, HaveTheKindOfTheirParameter) {
  struct Row {
    std::string_view family;
    std::string_view key;
    Platform platform;
    bool is_enabled;
  };
  for (const Row& row :
       {Row{"delta_2", "set_quietMode_enabled", Platform::kSwitch, false},
        Row{"delta_2", "set_mpptCar_enabled", Platform::kSwitch, false},  // dangerous
        Row{"delta_2", "set_acChgCfg_chgWatts", Platform::kNumber, true},
        Row{"power_stream", "set_supplyPriority_supplyPriority", Platform::kSelect, true},
        Row{"power_stream", "set_permanentWatts_permanentWatts", Platform::kNumber, true},
        Row{"wave_2", "set_mainMode_mainMode", Platform::kSelect, true},
        Row{"delta_pro_ultra", "set_dcSwitch_enable", Platform::kSwitch, false},
        Row{"stream", "set_configure_cfgFeedGridMode", Platform::kSwitch, false},
        Row{"stream", "set_configure_cfgEnergyStrategyOperateMode", Platform::kSelect, false},
        Row{"delta_2_max", "do_dcChgGet", Platform::kButton, true},
        Row{"delta_pro", "set_chargeLimit_maxChgSoc", Platform::kNumber, true},
        Row{"river_2_pro", "set_mpptCar_enabled", Platform::kSwitch, false},
        Row{"power_kits", "set_dischgParaSet_volTag", Platform::kSelect, false}}) {
    const auto family = all_families().find(row.family);
    ASSERT_NE(family, nullptr) << row.family;
    const auto entities = entities_in(family, catalog::Language::kEnglish);
    const Entity* entity = entities->find(row.key);
    ASSERT_NE(entity, nullptr) << row.family << " " << row.key;
    EXPECT_EQ(name_of(entity->platform), name_of(row.platform)) << row.key;
    EXPECT_EQ(entity->is_enabled, row.is_enabled) << row.key;
  }
}

TEST(Controls, ThatCannotBeSentOrShownAloneAreLeftOut) {
  const auto panel =
      entities_in(all_families().find("smart_home_panel"), catalog::Language::kEnglish);
  EXPECT_EQ(panel->find("set_controlCircuit_sta"), nullptr) << "it needs a channel";
  EXPECT_EQ(panel->find("set_setClock_week"), nullptr) << "no field shows it";
}

TEST(Controls, ANumberIsInTheUnitOfTheParameter) {
  const auto stream = entities_in(all_families().find("power_stream"), catalog::Language::kEnglish);
  const Entity* watts = stream->find("set_permanentWatts_permanentWatts");
  ASSERT_NE(watts, nullptr);
  EXPECT_EQ(watts->unit, "W");
  EXPECT_EQ(watts->control->most, 800);
  EXPECT_EQ(wire::to_text(*params_for(*watts, "123.4")), R"({"permanentWatts":1234})");
  EXPECT_THAT(params_for(*watts, "800.1").error().detail, testing::HasSubstr("from 0 to 800"));
  EXPECT_FALSE(params_for(*watts, "nan"));
  EXPECT_FALSE(params_for(*watts, ""));
}

TEST(Controls, ReadingsOfWhatAnEnabledControlShowsAreNotEnabledToo) {
  const auto stream = entities_in(all_families().find("power_stream"), catalog::Language::kEnglish);
  ASSERT_NE(stream->find("20_1_supplyPriority"), nullptr);
  EXPECT_FALSE(stream->find("20_1_supplyPriority")->is_enabled);
}

// --- states

struct StateRow {
  std::string_view family;
  std::string_view key;
  std::string_view quota;
  std::string_view value;  // JSON
  std::string_view state;  // JSON; empty: not known
};

TEST(States, AreInTheUnitAndUnknownWhereTheDeviceHasNoValue) {
  for (const StateRow& row : std::vector<StateRow>{
           {"power_stream", "20_1_batSoc", "20_1.batSoc", "62", "62"},
           {"power_stream", "20_1_pvToInvWatts", "20_1.pvToInvWatts", "1234", "123.4"},
           {"power_stream", "20_1_pvToInvWatts", "20_1.pvToInvWatts", "1230", "123"},
           {"power_stream", "20_1_pvToInvWatts", "20_1.pvToInvWatts", "\"x\"", ""},
           {"power_stream", "20_1_pvToInvWatts", "20_1.pvToInvWatts", "null", ""},
           {"power_stream", "20_1_chgRemainTime", "20_1.chgRemainTime", "5939", ""},
           {"power_stream", "20_1_chgRemainTime", "20_1.chgRemainTime", "60", "60"},
           {"power_stream", "20_1_supplyPriority", "20_1.supplyPriority", "1", R"("battery")"},
           {"power_stream", "20_1_supplyPriority", "20_1.supplyPriority", "7", ""},
           {"power_stream", "20_1_batStatue", "20_1.batStatue", "5", R"("running")"},
           {"power_stream", "20_1_batStatue", "20_1.batStatue", "9", R"("9")"},
           {"power_stream", "20_1_batErrCode", "20_1.batErrCode", "0", R"("OFF")"},
           {"power_stream", "20_1_batErrCode", "20_1.batErrCode", "3", R"("ON")"},
           {"power_stream", "problem", "20_1.batErrCode", "3", R"("ON")"},
           {"power_stream", "problem", "20_1.batWarningCode", "3", R"("OFF")"},
           {"power_stream", "20_1_batWarningCode", "20_1.batWarningCode", "3", R"("ON")"},
           {"power_stream", "20_1_wifiErrTime", "20_1.wifiErrTime", "1700000000",
            R"("2023-11-14T22:13:20Z")"},
           {"power_stream", "20_1_wifiErrTime", "20_1.wifiErrTime", "0", ""},
           {"smart_plug", "2_1_switchSta", "2_1.switchSta", "true", R"("ON")"},
           {"smart_plug", "2_1_switchSta", "2_1.switchSta", "1", R"("ON")"},
           {"power_stream", "set_permanentWatts_permanentWatts", "20_1.permanentWatts", "99999",
            ""}}) {
    const auto entities = entities_in(all_families().find(row.family), catalog::Language::kEnglish);
    const Entity* entity = entities->find(row.key);
    ASSERT_NE(entity, nullptr) << row.key;
    const auto state = state_of(*entity, [&](std::string_view quota) -> std::optional<Json> {
      if (quota != row.quota) return std::nullopt;
      return wire::parse_json(row.value).value();
    });
    EXPECT_EQ(state ? wire::to_text(*state) : "", row.state) << row.key << " " << row.value;
    EXPECT_FALSE(state_of(*entity, [](std::string_view) { return std::nullopt; }))
        << "unknown is not zero: " << row.key;
  }
}

TEST(States, AreNeverLongerThanHomeAssistantTakes) {
  const auto generic = all_families().find("generic");
  const FurtherQuota further{.name = "text", .text = "\"x\""};
  const auto entities = entities_of({.english = generic, .shown = generic}, {&further, 1});
  const auto state = state_of(entities->all.front(), [](std::string_view) {
    return std::optional(Json(std::string(1000, 'x')));
  });
  ASSERT_TRUE(state);
  EXPECT_LE(state->get_string().size(), 255U);
}

// --- names

TEST(Slugs, HaveTheLettersOfAnEntityId) {
  EXPECT_EQ(slug_of("Büro, links"), "buro_links");
  EXPECT_EQ(slug_of("  Größe (%)  "), "grosse");
  EXPECT_EQ(slug_of("電池"), "");
  EXPECT_EQ(key_of("20_1.pv[2].x"), "20_1_pv_2__x");
}

}  // namespace

}  // namespace gridloom::bridges::home_assistant
