// Reads the section of physics: the parts of a virtual device, their numbers, the settings that
// steer them and the fields that they feed.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/physics_keys.h"
#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMaxParts = 100;    // in one family
constexpr double kMostPacks = 16;         // of one device
constexpr std::size_t kSerialPrefix = 4;  // characters

// The bounds of a number, by the end of its key. They keep energy sums of years within 64 bits.
struct Bounds {
  std::string_view end;
  double low = 0;
  double high = 0;
};
constexpr auto kBounds =
    std::to_array<Bounds>({{.end = "capacity_wh", .low = 1, .high = 1'000'000},
                           {.end = "efficiency", .low = 0.1, .high = 1},
                           {.end = "resistance_ohm", .low = 0.0001, .high = 1000},
                           {.end = "cells", .low = 1, .high = 1000},
                           {.end = "pack", .low = 1, .high = kMostPacks},
                           {.end = "share", .low = 0, .high = 1},
                           {.end = "taper_percent", .low = 0, .high = 99},
                           {.end = "_per_percent", .low = 0, .high = kMaxPower_w},
                           {.end = "_percent", .low = 0, .high = 100},
                           {.end = "_w", .low = 0, .high = kMaxPower_w},
                           {.end = "_c", .low = -60, .high = 100},
                           {.end = "", .low = 0, .high = 1'000'000}});

std::string number_problem(std::string_view key, double value) {
  const Bounds& bounds =
      *std::ranges::find_if(kBounds, [&](const Bounds& row) { return key.ends_with(row.end); });
  if (value < bounds.low || value > bounds.high) {
    return fmt::format("{} must be {} to {}", value, bounds.low, bounds.high);
  }
  const bool whole = key == "cells" || key == "pack";
  return whole && value != std::trunc(value) ? fmt::format("{} must be a whole number", value) : "";
}

struct PartRow {
  PartKind kind = PartKind::kModel;
  SectionId section = SectionId::kPhysics;
  std::string_view key;  // in the section of physics
  std::span<const QuantityName> quantities;
  std::span<const std::string_view> required;  // without a model in C++
};
constexpr auto kBatteryRequired =
    std::to_array<std::string_view>({"capacity_wh", "charge_w", "discharge_w"});
constexpr auto kHeatPumpRequired =
    std::to_array<std::string_view>({"power_w", "capacity_wh_per_k", "loss_w_per_k"});
constexpr auto kRatedRequired = std::to_array<std::string_view>({"rated_w"});
constexpr auto kPartRows = std::to_array<PartRow>({
    {PartKind::kBattery, SectionId::kBattery, "batteries", kBatteryQuantities, kBatteryRequired},
    {PartKind::kAllBatteries,
     SectionId::kAllBatteries,
     "all_batteries",
     kAllBatteriesQuantities,
     {}},
    {PartKind::kPvInput, SectionId::kPvInput, "pv_inputs", kPowerQuantities, kRatedRequired},
    {PartKind::kInverter, SectionId::kInverter, "inverter", kPowerQuantities, kRatedRequired},
    {PartKind::kCharger, SectionId::kCharger, "charger", kPowerQuantities, kRatedRequired},
    {PartKind::kGrid, SectionId::kGrid, "grid", kGridQuantities, {}},
    {PartKind::kLoad, SectionId::kLoad, "loads", kPowerQuantities, {}},
    {PartKind::kHeatPump, SectionId::kHeatPump, "heat_pumps", kHeatPumpQuantities,
     kHeatPumpRequired},
});

class PhysicsReader {
 public:
  PhysicsReader(const Entry& physics, Family& family)
      : physics_(physics), family_(family), has_model_(physics.has("model")) {}

  void read() {
    std::string place;
    physics_.choice("place", place);
    family_.place = place_of(place).value_or(family_.place);
    for (const PartRow& kind : kPartRows) {
      const YamlNode* node = physics_.find(kind.key);
      if (node == nullptr) continue;
      const Key* key = section_of(SectionId::kPhysics).find(kind.key);
      if (key->form == Form::kEntry) {
        read_part(kind, *node, std::string(kind.key));
        continue;
      }
      physics_.members(kind.key, [&](const std::string& name, const YamlNode& value,
                                     const std::string& /*path*/) {
        read_part(kind, value, child(kind.key, name));
      });
    }
    read_model();
    if (family_.physics.size() > kMaxParts) {
      physics_.mistake(
          "", fmt::format("has {} parts: must have at most {}", family_.physics.size(), kMaxParts));
    }
    if (physics_.has("charger") && !physics_.has("grid") && !has_model_) {
      physics_.mistake("charger", "charges from the grid: grid must be there, as grid: {}");
    }
  }

 private:
  void read_part(const PartRow& kind, const YamlNode& node, std::string path) {
    const Entry entry(node, child(physics_.path(), path), physics_.mistakes(), kind.section);
    PhysicsPart part;
    part.kind = kind.kind;
    part.path = std::move(path);
    for (const Key& key : section_of(kind.section).keys) {
      if (key.form == Form::kNumber) read_number(entry, key.name, part);
    }
    for (const std::string_view key :
         {"switch", "count", "target", "heats", "share", "holds", "awake"}) {
      if (section_of(kind.section).find(key) == nullptr) continue;
      auto formula = read_formula(entry, key, family_);
      if (formula && has_signal(*formula, entry, key)) continue;
      if (formula) part.formulas.emplace(key, std::move(*formula));
    }
    if (section_of(kind.section).find("dc") != nullptr) entry.flag("dc", part.dc);
    if (kind.kind == PartKind::kLoad) read_load(entry, part);
    if (kind.kind == PartKind::kBattery) read_pack(entry, part);
    if (section_of(kind.section).find("limits") != nullptr) read_limits(entry, kind, part);
    read_feeds(entry, kind, part);
    check_needed(entry, kind, part);
    family_.physics.push_back(std::move(part));
  }

  static void read_number(const Entry& entry, std::string_view key, PhysicsPart& part) {
    double value = kNoNumber;
    entry.number(key, value);
    if (std::isnan(value)) return;  // absent, or reported
    if (const std::string problem = number_problem(key, value); !problem.empty()) {
      entry.mistake(key, problem);
    }
    part.numbers.emplace(key, value);
  }

  void read_model() {
    if (!has_model_) return;
    PhysicsPart part;
    part.path = "model";
    physics_.members(
        "model", [&](const std::string& name, const YamlNode& node, const std::string& path) {
          const Json value = to_json(node, path, physics_.mistakes());
          if (!value.is_number()) {
            return physics_.mistakes().add(
                node.line, path,
                fmt::format("must be a number; it is {}", wire::shortened(wire::to_text(value))));
          }
          const double number = value.to_number<double>();
          if (const std::string problem = number_problem(name, number); !problem.empty()) {
            physics_.mistakes().add(node.line, path, problem);
          }
          part.numbers.emplace(name, number);
        });
    family_.physics.push_back(std::move(part));
  }

  void check_needed(const Entry& entry, const PartRow& kind, const PhysicsPart& part) const {
    // Extra batteries are shared code, which families with a model in C++ have as well.
    if (has_model_ && !part.number("pack")) {
      for (const std::string_view key : {"switch", "limits", "feeds", "count", "pack", "circuits",
                                         "tripped", "holds", "share", "awake"}) {
        if (!entry.has(key)) continue;
        entry.mistake(key, "a family with a model in C++ (physics.model) has numbers here only");
      }
      return;
    }
    for (const std::string_view key : kind.required) {
      if (!entry.has(key)) entry.mistake(key, "this key is missing");
    }
    if (kind.kind == PartKind::kLoad && !entry.has("power_w") && !entry.has("household_share")) {
      entry.mistake("power_w", "this key is missing, or else household_share");
    }
    const auto has_initial = [&](const PhysicsPart::Feed& feed) {
      const Field* field = find_field(family_, feed.field);
      return feed.quantity == Quantity::kSoc && starts_with_number(*field, field->initial);
    };
    const auto soc = std::ranges::find_if(part.feeds, has_initial);
    if (soc != part.feeds.end() && entry.has("initial_percent")) {
      entry.mistake("initial_percent",
                    fmt::format("{}, which shows the state of charge, has an initial value "
                                "already",
                                soc->field));
    }
  }

  // A setting that steers a part; nullptr if it cannot, which is recorded.
  [[nodiscard]] const Field* setting(const YamlNode& node, const std::string& path) const {
    const auto wrong = [&](std::string_view what) -> const Field* {
      physics_.mistakes().add(node.line, path, what);
      return nullptr;
    };
    if (node.kind != YamlNode::Kind::kScalar) return wrong("must be the name of one field");
    const Field* field = find_field(family_, node.text);
    if (field == nullptr) {
      return wrong(fmt::format("\"{}\" is no field of this family", node.text));
    }
    if (field->name.contains('*')) {
      return wrong(fmt::format("{} is a field of several modules", field->name));
    }
    if (!is_numeric(field->type)) {
      return wrong(fmt::format("{} is of type {}: must be int, float or bool", field->name,
                               name_of(field->type)));
    }
    if (field->signal) {
      return wrong(fmt::format("{} has a signal: must be a setting", field->name));
    }
    return field;
  }

  // A field that moves by itself is no setting.
  [[nodiscard]] bool has_signal(const Formula& formula, const Entry& entry,
                                std::string_view key) const {
    const auto moves = std::ranges::find_if(formula.names, [&](const std::string& name) {
      return find_number(family_, name)->signal.has_value();
    });
    if (moves == formula.names.end()) return false;
    entry.mistake(key, fmt::format("{} has a signal: must be a setting", *moves));
    return true;
  }

  void read_load(const Entry& entry, PhysicsPart& part) const {
    part.circuits = read_circuits(entry);
    std::string port;
    entry.choice("port", port);
    const auto* const known = std::ranges::find(kPorts, port);
    if (known != kPorts.end()) part.port = static_cast<std::size_t>(known - kPorts.begin());
    if (part.port && !entry.has("power_w")) {
      entry.mistake("port", "power_w must be there: what its things draw together");
    }
    if (entry.has("limits") && !is_one_field(part, "switch")) {
      entry.mistake("limits", "switches the load off: switch must be there, and name one field");
    }
    const YamlNode* node = entry.find("tripped");
    if (node == nullptr) return;
    if (!entry.has("limits")) entry.mistake("tripped", "needs limits");
    const Field* field = setting(*node, child(entry.path(), "tripped"));
    if (field != nullptr) part.tripped = field->name;
  }

  // Reads the keys that an extra battery has beside those of any battery.
  void read_pack(const Entry& entry, PhysicsPart& part) {
    const auto number = part.number("pack");
    entry.text("serial_prefix", part.serial_prefix);
    entry.texts("shows", part.shows);
    if (!number) {
      for (const std::string_view key : {"serial_prefix", "shows"}) {
        if (entry.has(key)) entry.mistake(key, "is for an extra battery: pack must be there");
      }
      return;
    }
    if (*number != ++packs_) {
      entry.mistake("pack", fmt::format("{} must be {}: extra batteries are numbered from 1 in the "
                                        "file's order",
                                        *number, packs_));
    }
    if (part.serial_prefix.size() != kSerialPrefix) {
      entry.mistake("serial_prefix", fmt::format("\"{}\" must have {} characters",
                                                 part.serial_prefix, kSerialPrefix));
    }
    for (const std::string& name : part.shows) {
      const bool is_known = std::ranges::any_of(family_.fields, [&name](const Field& field) {
        return name.ends_with('.') ? field.name.starts_with(name) : field.name == name;
      });
      if (is_known) continue;
      entry.mistake("shows", fmt::format("\"{}\" matches no field: must be a field's name, or a "
                                         "prefix that ends with a dot",
                                         name));
    }
  }

  static bool is_one_field(const PhysicsPart& part, std::string_view key) {
    const auto found = part.formulas.find(key);
    return found != part.formulas.end() && found->second.steps.size() == 1 &&
           found->second.names.size() == 1;
  }

  void read_limits(const Entry& entry, const PartRow& kind, PhysicsPart& part) const {
    const std::string_view unit = kind.kind == PartKind::kBattery ? "%" : "W";
    each_choice(entry, kind, "limits",
                [&](const std::string& name, const YamlNode& node, const std::string& path) {
                  const Field* field = setting(node, path);
                  if (field == nullptr) return;
                  if (field->unit != unit) {
                    physics_.mistakes().add(node.line, path, in_unit(*field, unit));
                  }
                  part.limits.emplace(name, field->name);
                });
  }

  // The members of a Form::kChosenTexts that are among its choices; others are recorded.
  static void each_choice(const Entry& entry, const PartRow& kind, std::string_view key,
                          const Entry::OnMember& on_member) {
    const auto& choices = section_of(kind.section).find(key)->choices;
    entry.members(key, [&](const std::string& name, const YamlNode& node, std::string path) {
      if (std::ranges::find(choices, name) != choices.end()) {
        return on_member(name, node, std::move(path));
      }
      entry.mistakes().add(node.line, path,
                           fmt::format("unknown key; the keys here are {}",
                                       join({choices.begin(), choices.end()}, "and")));
    });
  }

  static std::string in_unit(const Field& field, std::string_view unit) {
    if (unit.empty()) {
      return fmt::format("{} is in {}: must have no unit", field.name, field.unit);
    }
    return fmt::format("{} is in {}: must be in {} (value times scale)", field.name,
                       field.unit.empty() ? "no unit" : field.unit, unit);
  }

  void read_feeds(const Entry& entry, const PartRow& kind, PhysicsPart& part) {
    each_choice(entry, kind, "feeds",
                [&](const std::string& name, const YamlNode& node, const std::string& path) {
                  const QuantityName& quantity =
                      *std::ranges::find(kind.quantities, name, &QuantityName::name);
                  std::vector<std::string> fields = {node.text};
                  if (node.kind != YamlNode::Kind::kScalar) {
                    fields = texts_of(node, path, physics_.mistakes());
                  }
                  for (const std::string& field : fields) {
                    const std::string problem = feed_problem(field, quantity);
                    if (!problem.empty()) {
                      physics_.mistakes().add(node.line, path, problem);
                      continue;
                    }
                    fed_.emplace(field, child(part.path, child("feeds", name)));
                    part.feeds.push_back({.quantity = quantity.quantity, .field = field});
                  }
                });
  }

  [[nodiscard]] std::string feed_problem(const std::string& name,
                                         const QuantityName& quantity) const {
    if (quantity.quantity == Quantity::kSerialNumber) return serial_problem(name);
    const Field* field = find_number(family_, name);
    if (field == nullptr) return fmt::format("\"{}\" is no field of this family", name);
    const bool is_element = find_field(family_, name) == nullptr;
    if (is_element) {
      if (const std::string problem = formula_problem(family_, name); !problem.empty()) {
        return problem;
      }
    }
    const auto fed = fed_.find(name);
    const bool sums =
        fed != fed_.end() &&
        ((quantity.quantity == Quantity::kPower && fed->second.ends_with(".feeds.power")) ||
         (quantity.quantity == Quantity::kEnergy && fed->second.ends_with(".feeds.energy")));
    if (fed != fed_.end() && !sums) {
      return fmt::format("physics.{} feeds {} already", fed->second, name);
    }
    if (field->signal) return fmt::format("{} has a signal: it has one source only", name);
    if (quantity.quantity == Quantity::kState) return state_problem(*field);
    const bool is_list = quantity.quantity == Quantity::kCellVoltages ||
                         quantity.quantity == Quantity::kCellTemperatures;
    if (is_list && field->type != FieldType::kArray) {
      return fmt::format("{} is of type {}: must be array", name, name_of(field->type));
    }
    if (!is_list && !is_element && !is_numeric(field->type)) {
      return fmt::format("{} is of type {}: must be int, float or bool", name,
                         name_of(field->type));
    }
    return field->unit == quantity.unit ? "" : in_unit(*field, quantity.unit);
  }

  [[nodiscard]] std::string serial_problem(const std::string& name) const {
    const Field* field = find_field(family_, name);
    if (field == nullptr) return fmt::format("\"{}\" is no field of this family", name);
    const bool has_codes = field->type == FieldType::kArray && field->format == FieldFormat::kText;
    if (field->type == FieldType::kString || has_codes) return {};
    return fmt::format("{} is of type {}: must be string, or array with format text", name,
                       name_of(field->type));
  }

  static std::string state_problem(const Field& field) {
    for (const std::string_view state : kBatteryStates) {
      if (std::ranges::find(field.values, state, &NamedValue::name) != field.values.end()) continue;
      return fmt::format("{} has no value named {}: must have values named {}", field.name, state,
                         join({kBatteryStates.begin(), kBatteryStates.end()}, "and"));
    }
    return "";
  }

  const Entry& physics_;
  Family& family_;
  bool has_model_;
  int packs_ = 0;                                        // that were read
  std::map<std::string, std::string, std::less<>> fed_;  // Field::name -> "loads.fan.feeds.power"
};

}  // namespace

void read_physics(const Entry& file, Family& family) {
  const YamlNode* node = file.find("physics");
  if (node == nullptr) return;
  const Entry entry(*node, "physics", file.mistakes(), SectionId::kPhysics);
  PhysicsReader(entry, family).read();
}

}  // namespace gridloom::catalog
