#include "bridges/home_assistant/entities.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/string_map.h"
#include "bridges/home_assistant/controls.h"
#include "bridges/home_assistant/entity.h"
#include "catalog/readable_values.h"

namespace gridloom::bridges::home_assistant {
namespace {

using history::EnergyFlow;

// The flows that people choose; the solar parts of consumers are none of the dashboard.
struct Row {
  EnergyFlow flow;
  std::string_view english;
  std::string_view german;
};
constexpr std::array kRows = std::to_array<Row>(
    {{EnergyFlow::kPv, "Solar energy counter", "Zähler Solarenergie"},
     {EnergyFlow::kBatteryIn, "Charged energy counter", "Zähler geladene Energie"},
     {EnergyFlow::kBatteryOut, "Discharged energy counter", "Zähler entladene Energie"},
     {EnergyFlow::kGridIn, "Grid import counter", "Zähler Netzbezug"},
     {EnergyFlow::kGridOut, "Grid export counter", "Zähler Netzeinspeisung"},
     {EnergyFlow::kLoad, "Consumption counter", "Zähler Verbrauch"},
     {EnergyFlow::kEv, "Car energy counter", "Zähler Auto"},
     {EnergyFlow::kHeater, "Heating energy counter", "Zähler Heizung"},
     {EnergyFlow::kHeatpump, "Heat pump energy counter", "Zähler Wärmepumpe"}});

}  // namespace

DeviceCounters counters_of(const home::EnergyTotals& totals,
                           const home::EnergyTotals::Device& device) {
  return {.id = fmt::format("{}_{}", totals.epoch, device.number), .wh = device.wh};
}

bool have_same_entities(const DeviceCounters& one, const DeviceCounters& other) {
  return one.id == other.id &&
         std::ranges::equal(one.wh, other.wh, {}, &std::optional<double>::has_value,
                            &std::optional<double>::has_value);
}

std::vector<Entity> counter_entities(const DeviceCounters& counters, catalog::Language language) {
  std::vector<Entity> entities;
  entities.reserve(kRows.size());
  for (const Row& row : kRows) {
    const auto flow = static_cast<std::size_t>(row.flow);
    if (!counters.wh.at(flow)) continue;
    const std::string_view title =
        language == catalog::Language::kGerman ? row.german : row.english;
    std::string key =
        key_of(fmt::format("counter_{}_{}", history::kEnergyFlowNames.at(flow), counters.id));
    entities.push_back({.key = key,
                        .title = std::string(title),
                        .slug = slug_of(row.english),
                        .sources = {{.quota = key}},
                        .counter = row.flow,
                        .form = Form::kNumber,
                        .device_class = "energy",
                        .state_class = StateClass::kTotalIncreasing,
                        .unit = "Wh",
                        .decimals = 0,
                        .is_enabled = true});
  }
  return entities;
}

std::optional<wire::Json> counter_state(const DeviceCounters& counters, EnergyFlow flow) {
  const auto& wh = counters.wh.at(static_cast<std::size_t>(flow));
  if (!wh) return std::nullopt;
  return wire::Json(std::llround(std::floor(*wh)));
}

namespace {

using catalog::Family;
using catalog::Field;
using catalog::FieldFormat;
using catalog::FieldType;
using wire::Json;

constexpr std::string_view kMain = "main";  // the topic of what is enabled
constexpr std::string_view kOther = "other";
constexpr std::size_t kModuleLetters = 4;  // of a module's serial number, in a title

// A value inside of a field: itself, or what its file declares of an element or a member.
struct Part {
  const Field* field = nullptr;
  std::string path;
};

std::vector<Part> parts_of(const Field& field) {
  std::vector<Part> parts;
  catalog::for_each_value(field, field.initial,
                          [&](const Field& each, const Json&, const std::string& path) {
                            parts.push_back({.field = &each, .path = path});
                          });
  if (parts.empty()) parts.push_back({.field = &field, .path = ""});
  return parts;
}

bool has_all_names(const Field& field) {
  return !field.values.empty() && !field.others &&
         std::ranges::none_of(field.values, [](const auto& each) { return each.name.empty(); });
}

bool is_energy(std::string_view nature) {
  return nature.ends_with(".energy") || nature.ends_with(".energy_in") ||
         nature.ends_with(".energy_out");
}

bool is_stored_energy(std::string_view nature) {
  return nature == "battery.stored" || nature == "battery.capacity";
}

// "[2].ctrlSta" is "3 ctrlSta": people count from 1.
std::string place_of(std::string_view path) {
  std::string place;
  for (std::size_t k = 0; k < path.size(); ++k) {
    if (path[k] == '[') {
      const std::size_t end = path.find(']', k);
      std::size_t index = 0;
      for (std::size_t d = k + 1; d < end; ++d) {
        index = index * 10 + static_cast<std::size_t>(path[d] - '0');
      }
      place += fmt::format("{}{}", place.empty() ? "" : " ", index + 1);
      k = end;
    }
  }
  return place;
}

// Sets how an entity shows a value: its class, unit and form. `english` has the words by which on
// and off are known.
void classify_number(const Field& field, Entity& entity) {
  const UnitRow unit = unit_row(field.unit);
  entity.form = Form::kNumber;
  entity.unit = unit.name;
  entity.device_class = unit.device_class;
  entity.state_class = StateClass::kMeasurement;
  entity.decimals = catalog::decimals_of(field);
  const bool is_energy_unit = field.unit == "Wh" || field.unit == "kWh";
  if (is_energy_unit && is_energy(field.nature)) {
    entity.device_class = "energy";
    entity.state_class = StateClass::kTotalIncreasing;
    entity.never_falls = true;
  } else if (is_energy_unit && is_stored_energy(field.nature)) {
    entity.device_class = "energy_storage";
  } else if (field.unit == "%" && field.nature == "battery.soc") {
    entity.device_class = "battery";
  } else if (field.unit == "s" && field.description.contains("since 1970")) {
    entity.form = Form::kMoment;
    entity.device_class = "timestamp";
    entity.unit = {};
    entity.state_class = StateClass::kNone;
    entity.decimals.reset();
  }
}

void classify_names(const Field& english, const Field& shown, Entity& entity) {
  const auto is_switch =
      has_all_names(english) && english.values.size() == 2
          ? is_off_and_on(english.values.front().name, english.values.back().name)
          : std::nullopt;
  if (is_switch) {
    entity.platform = Platform::kBinarySensor;
    entity.form = Form::kOnOff;
    entity.on = {(*is_switch ? english.values.back() : english.values.front()).value};
  } else if (has_all_names(english)) {
    entity.form = Form::kOption;
    entity.device_class = "enum";
    for (const auto& each : shown.values) {
      if (std::ranges::find(entity.options, each.name) == entity.options.end())
        entity.options.push_back(each.name);
    }
  } else {
    entity.form = Form::kText;
  }
}

// False: Home Assistant has nothing for such a value.
bool classify(const Field& english, const Field& shown, Entity& entity) {
  const bool is_plain_number = english.type == FieldType::kInt || english.type == FieldType::kFloat;
  if (english.error) {
    entity.platform = Platform::kBinarySensor;
    entity.form = Form::kProblem;
    entity.device_class = "problem";
    return true;
  }
  if (english.type == FieldType::kArray || english.type == FieldType::kObject) {
    entity.form = Form::kText;
    return english.format == FieldFormat::kText;
  }
  const bool has_names =
      std::ranges::any_of(english.values, [](const auto& each) { return !each.name.empty(); });
  if (is_plain_number && english.bits.empty() && english.format == FieldFormat::kPlain &&
      (!english.unit.empty() || !has_names)) {
    classify_number(english, entity);
  } else if (has_names) {
    classify_names(english, shown, entity);
  } else if (english.type == FieldType::kBool) {
    entity.platform = Platform::kBinarySensor;
    entity.form = Form::kOnOff;
    entity.on = {Json(true)};
  } else {
    entity.form = Form::kText;
  }
  return true;
}

const catalog::FieldGroup* group_of(const Family& family, std::string_view field) {
  const catalog::FieldGroup* best = nullptr;
  std::size_t longest = 0;
  for (const catalog::FieldGroup& group : family.groups) {
    for (const std::string& name : group.fields) {
      const bool is_in = name.ends_with('.') ? field.starts_with(name) : field == name;
      if (is_in && name.size() > longest) {
        best = &group;
        longest = name.size();
      }
    }
  }
  return best;
}

class Builder {
 public:
  Builder(const EntityOptions& options, std::span<const FurtherQuota> further)
      : english_(*options.english), shown_(*options.shown), further_(further) {
    add_fault();
    add_fields();
    add_undeclared();
    if (options.has_controls) add_controls();
    add_counters(options.counters);
  }

  std::vector<Entity> take() {
    enable_some();
    make_keys_differ();
    make_titles_differ();
    give_topics();
    return std::move(entities_);
  }

 private:
  struct Origin {
    std::string group{};  // its English title, by which equal titles are distinguished
    std::string shown{};
    std::string topic{};
  };

  void add(Entity entity, Origin origin) {
    if (entities_.size() >= kMaxEntities) return;
    entities_.push_back(std::move(entity));
    origins_.push_back(std::move(origin));
  }

  // One for all errors of the device.
  void add_fault() {
    Entity entity{.key = "problem",
                  .platform = Platform::kBinarySensor,
                  .title = &english_ == &shown_ ? "Fault" : "Störung",
                  .slug = "fault",
                  .form = Form::kFault,
                  .device_class = "problem",
                  .category = Category::kDiagnostic,
                  .is_enabled = true};
    const auto add_source = [&](const std::string& quota, const Field& field) {
      if (catalog::may_report_errors(field)) {
        entity.sources.push_back({.quota = quota, .field = &field});
      }
    };
    for (const Field& field : english_.fields) {
      if (!field.name.contains('*')) add_source(field.name, field);
    }
    for (const FurtherQuota& each : further_) {
      if (const Field* field = english_.field(each.name)) add_source(each.name, *field);
    }
    if (!entity.sources.empty()) add(std::move(entity), {});
  }

  void add_fields() {
    for (std::size_t k = 0; k < english_.fields.size(); ++k) {
      const Field& field = english_.fields[k];
      if (!field.name.contains('*')) {
        add_field(field.name, field, shown_.fields[k], "");
        continue;
      }
      for (const FurtherQuota& each : further_) {
        if (english_.field(each.name) == &field) {
          add_field(each.name, field, shown_.fields[k], module_of(field.name, each.name));
        }
      }
    }
  }

  // The part of the name in the place of '*'.
  static std::string module_of(std::string_view pattern, std::string_view quota) {
    const std::size_t star = pattern.find('*');
    return std::string(quota.substr(star, quota.size() - (pattern.size() - 1)));
  }

  void add_field(const std::string& quota, const Field& field, const Field& shown,
                 std::string_view module) {
    const std::vector<Part> parts = parts_of(field);
    const std::vector<Part> shown_parts = parts_of(shown);
    const catalog::FieldGroup* group = group_of(english_, field.name);
    const catalog::FieldGroup* shown_group = group_of(shown_, field.name);
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const Field& part = *parts[k].field;
      Entity entity{.key = key_of(quota + parts[k].path),
                    .title = title_of(shown, *shown_parts[k].field, parts[k].path, module),
                    .slug = slug_of(title_of(field, part, parts[k].path, module)),
                    .sources = {{.quota = quota, .field = &field}},
                    .path = parts[k].path,
                    .field = shown_parts[k].field,
                    .category = Category::kDiagnostic};
      if (!classify(part, *shown_parts[k].field, entity)) continue;
      const bool has_part = !parts[k].path.empty();
      if (part.essential || !part.nature.empty() ||
          (has_part && (field.essential || !field.nature.empty()))) {
        entity.is_enabled = true;
        entity.category = Category::kNone;
      }
      add(std::move(entity),
          {.group = group == nullptr ? "" : group->title,
           .shown = shown_group == nullptr ? "" : shown_group->title,
           .topic = group == nullptr ? std::string(kOther) : key_of(group->name)});
    }
  }

  static std::string title_of(const Field& field, const Field& part, std::string_view path,
                              std::string_view module) {
    std::string title = catalog::title_of(field);
    if (!path.empty()) {
      const std::string place = place_of(path);
      if (!place.empty()) title += " " + place;
      const std::string& inner = catalog::title_of(part);
      title += fmt::format(" {}", inner.empty() ? part.name : inner);
    }
    if (!module.empty()) {
      const std::size_t cut = module.size() - std::min(module.size(), kModuleLetters);
      title += fmt::format(" {}", module.substr(cut));
    }
    return title;
  }

  void add_undeclared() {
    for (const FurtherQuota& each : further_) {
      if (english_.field(each.name) != nullptr) continue;
      const auto value = wire::parse_json(each.text);
      if (!value || value->is_structured() || value->is_null()) continue;
      Entity entity{.key = key_of(each.name),
                    .title = wire::shortened(each.name),
                    .slug = slug_of(each.name),
                    .sources = {{.quota = each.name}},
                    .category = Category::kDiagnostic};
      if (value->is_number()) {
        entity.form = Form::kNumber;
        entity.state_class = StateClass::kMeasurement;
      } else if (value->is_bool()) {
        entity.platform = Platform::kBinarySensor;
        entity.form = Form::kOnOff;
        entity.on = {Json(true)};
      }
      add(std::move(entity), {.topic = std::string(kOther)});
    }
  }

  void add_controls() {
    const FindQuota find_quota = [&](const std::string& name) -> std::string {
      if (!name.contains('*')) return name;
      const Field* field = english_.field(name);
      for (const FurtherQuota& each : further_) {
        if (field != nullptr && english_.field(each.name) == field) return each.name;
      }
      return {};
    };
    for (Entity& entity : controls_of(english_, shown_, find_quota)) {
      const catalog::Command& command = *entity.control->command;
      const auto shown = std::ranges::find(shown_.commands, command.name, &catalog::Command::name);
      hide_reading_of(entity);
      add(std::move(entity), {.group = command.title.empty() ? command.description : command.title,
                              .shown = shown->title.empty() ? shown->description : shown->title,
                              .topic = std::string(kOther)});
    }
  }

  // A value that a control shows need not be shown twice.
  void hide_reading_of(const Entity& control) {
    if (!control.is_enabled || control.sources.size() != 1 || control.control->bit) return;
    for (Entity& each : entities_) {
      if (!each.control && each.form != Form::kFault && each.path.empty() &&
          each.sources.front().quota == control.sources.front().quota) {
        each.is_enabled = false;
        each.category = Category::kDiagnostic;
      }
    }
  }

  void add_counters(const DeviceCounters& counters) {
    const auto language =
        &english_ == &shown_ ? catalog::Language::kEnglish : catalog::Language::kGerman;
    for (Entity& each : counter_entities(counters, language)) add(std::move(each), {});
  }

  void enable_some() {
    if (!english_.passthrough) return;
    std::size_t enabled = 0;
    for (Entity& each : entities_) {
      if (enabled++ == kEnabledOfUnknown) break;
      each.is_enabled = true;
    }
  }

  // Two entities of one platform and title: the group, or the command, says which is which. Their
  // ids are the same in all languages, in which others have the same title.
  void make_titles_differ() {
    using Seen = std::map<std::pair<Platform, std::string>, std::size_t>;
    Seen titles;
    Seen ids;
    for (const Entity& each : entities_) {
      ++titles[{each.platform, each.title}];
      ++ids[{each.platform, each.slug}];
    }
    StringSet slugs;
    for (std::size_t k = 0; k < entities_.size(); ++k) {
      Entity& each = entities_[k];
      if (titles[{each.platform, each.title}] != 1 && !origins_[k].shown.empty()) {
        each.title = fmt::format("{}: {}", origins_[k].shown, each.title);
      }
      if (ids[{each.platform, each.slug}] != 1 && !origins_[k].group.empty()) {
        each.slug = fmt::format("{}_{}", slug_of(origins_[k].group), each.slug);
      }
      for (std::size_t times = 1;; ++times) {
        const std::string taken = fmt::format("{}.{}", name_of(each.platform), each.slug);
        if (!each.slug.empty() && slugs.insert(taken).second) break;
        each.slug = times == 1 ? slug_of(each.key) : fmt::format("{}_{}", slug_of(each.key), times);
      }
    }
  }

  void make_keys_differ() {
    StringMap<std::size_t> seen;
    for (Entity& each : entities_) {
      const std::size_t times = ++seen[each.key];
      if (times == 1) continue;
      each.key = fmt::format("{}__{}", each.key, times);
      seen[each.key] = 1;
    }
  }

  void give_topics() {
    StringMap<std::size_t> sizes;
    for (std::size_t k = 0; k < entities_.size(); ++k) {
      Entity& each = entities_[k];
      if (each.form == Form::kNone) continue;
      std::string topic = each.is_enabled ? std::string(kMain) : origins_[k].topic;
      if (topic.empty()) topic = kOther;
      // A group may be called "main" as well.
      if (!each.is_enabled && topic == kMain) topic = "main_group";
      const std::size_t before = sizes[topic]++;
      each.topic =
          before < kMaxOfTopic ? topic : fmt::format("{}_{}", topic, before / kMaxOfTopic + 1);
    }
  }

  const Family& english_;
  const Family& shown_;
  const std::span<const FurtherQuota> further_;
  std::vector<Entity> entities_;
  std::vector<Origin> origins_;  // of each of these
};

}  // namespace

const Entity* Entities::find(std::string_view key) const {
  const auto found = std::ranges::find(all, key, &Entity::key);
  return found == all.end() ? nullptr : &*found;
}

EntitiesPtr entities_of(const EntityOptions& options, std::span<const FurtherQuota> further) {
  return std::make_shared<const Entities>(Entities{
      .english = options.english, .shown = options.shown, .all = Builder(options, further).take()});
}

bool is_further(const Family& family, std::string_view quota) {
  return !family.field_by_name.contains(quota);
}

std::string slug_of(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kLetters = {
      {{"ä", "a"}, {"ö", "o"}, {"ü", "u"}, {"Ä", "a"}, {"Ö", "o"}, {"Ü", "u"}, {"ß", "ss"}}};
  std::string slug;
  for (std::size_t k = 0; k < text.size();) {
    const auto letter = std::ranges::find_if(
        kLetters, [&](const auto& each) { return text.substr(k).starts_with(each.first); });
    if (letter != kLetters.end()) {
      slug += letter->second;
      k += letter->first.size();
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[k++]);
    if (std::isalnum(byte) != 0 && byte < 0x80) {
      slug += static_cast<char>(std::tolower(byte));
    } else if (!slug.empty() && slug.back() != '_') {
      slug += '_';
    }
  }
  while (slug.ends_with('_')) slug.pop_back();
  return slug;
}

std::string key_of(std::string_view text) {
  std::string key(text);
  for (char& each : key) {
    const auto byte = static_cast<unsigned char>(each);
    const bool is_valid = byte < 0x80 && (std::isalnum(byte) != 0 || each == '_' || each == '-');
    if (!is_valid) each = '_';
  }
  return key;
}

}  // namespace gridloom::bridges::home_assistant
