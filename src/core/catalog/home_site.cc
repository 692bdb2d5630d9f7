#include "catalog/home_site.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/printable.h"
#include "catalog/home_keys.h"
#include "catalog/sections.h"
#include "catalog/site_meter.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

constexpr std::size_t kMaxDeviceName = 64;  // as the registry has it
constexpr std::size_t kMaxSerialNumber = 64;
constexpr std::size_t kMaxRoofs = 100;  // of a site
constexpr std::size_t kMaxHabits = 50;  // of a device
constexpr double kLeastPack_wh = 100;
constexpr double kMostPack_wh = 20'000;
constexpr double kMostPackCycles = 10'000;

constexpr double kMaxLatitude_deg = 66;  // beyond it, there are days without a sunrise
constexpr std::int64_t kMaxPhases = 3;
constexpr std::int64_t kMaxPeople = 6;
constexpr double kLeastKwh = 100;
constexpr double kMaxKwh = 50'000;
constexpr double kKwhOfHome = 1050;  // of any home, and of each who lives there
constexpr double kKwhOfPerson = 750;

constexpr std::uint32_t kEveryCircuit = (1U << kHomeCircuits.size()) - 1;

std::uint32_t bit_of(std::size_t circuit) { return 1U << static_cast<unsigned>(circuit); }

// The problem of a text that people read; empty if there is none.
std::string text_problem(std::string_view text, std::size_t most) {
  if (!is_utf8(text)) return "is not UTF-8";
  const std::size_t count = characters(text);
  if (count == 0 || count > most) {
    return fmt::format("has {} characters: must have 1 to {}", count, most);
  }
  for (std::string_view rest = text; !rest.empty();) {
    const char32_t character = take_character(rest).value_or(0);
    if (is_printable(character)) continue;
    return fmt::format("has U+{:04X}: must be one line of printable characters",
                       static_cast<std::uint32_t>(character));
  }
  if (text.front() == ' ' || text.back() == ' ') return "must not begin or end with a space";
  return {};
}

bool is_serial_number(std::string_view sn) {
  const auto is_part = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !sn.empty() && sn.size() <= kMaxSerialNumber && std::ranges::all_of(sn, is_part) &&
         sn != "." && sn != "..";
}

struct Bounds {
  double low = 0;
  double high = 0;
};

void read_number(const Entry& entry, std::string_view key, const Bounds& bounds, double& to) {
  double value = to;
  entry.number(key, value);
  if (value >= bounds.low && value <= bounds.high) {
    to = value;
  } else {
    entry.mistake(key, fmt::format("{} must be {} to {}", value, bounds.low, bounds.high));
  }
}

void read_count(const Entry& entry, std::string_view key, std::int64_t most, int& to) {
  std::int64_t value = to;
  entry.whole(key, value);
  if (value >= 1 && value <= most) {
    to = static_cast<int>(value);
  } else {
    entry.mistake(key, fmt::format("{} must be 1 to {}", value, most));
  }
}

class SiteReader {
 public:
  SiteReader(const Entry& entry, const Catalog& catalog, Site& site, std::vector<Placed>& devices)
      : entry_(entry), catalog_(catalog), site_(site), devices_(devices) {}

  void read() {
    read_number(entry_, "latitude", {.low = -kMaxLatitude_deg, .high = kMaxLatitude_deg},
                site_.latitude_deg);
    read_grid();
    read_household();
    read_roofs();
    read_devices();
  }

  void read_devices() {
    entry_.items("devices", [this](const YamlNode& value, std::string path) {
      if (devices_.size() > kMaxHomeDevices) return;  // HomeReader says so
      read_device(Entry(value, std::move(path), entry_.mistakes(), SectionId::kSiteDevice));
    });
  }

  // The file `of_file` describes the site.
  void refuse_other_keys(std::string_view of_file) const {
    for (const Key& key : section_of(SectionId::kSite).keys) {
      if (key.name == "devices" || !entry_.has(key.name)) continue;
      entry_.mistake(
          key.name,
          fmt::format("{} describes this site: only devices can be added to it", of_file));
    }
  }

 private:
  [[nodiscard]] bool off_grid() const { return site_.phases == 0; }

  void read_grid() {
    const YamlNode* node = entry_.find("grid");
    if (node == nullptr) return;
    if (node->kind == YamlNode::Kind::kScalar) {
      if (node->text == kNone) {
        site_.phases = 0;
      } else {
        entry_.mistake(
            "grid",
            fmt::format("\"{}\" must be none, or a mapping such as {{phases: 1}}", node->text));
      }
      return;
    }
    const Entry grid(*node, child(entry_.path(), "grid"), entry_.mistakes(), SectionId::kSiteGrid);
    read_count(grid, "phases", kMaxPhases, site_.phases);
  }

  void read_household() {
    const YamlNode* node = entry_.find("household");
    if (node == nullptr) return;
    const Entry entry(*node, child(entry_.path(), "household"), entry_.mistakes(),
                      SectionId::kHousehold);
    Household& household = site_.household.emplace();
    read_count(entry, "people", kMaxPeople, household.people);
    household.kwh = kKwhOfHome + kKwhOfPerson * household.people;
    read_number(entry, "kwh", {.low = kLeastKwh, .high = kMaxKwh}, household.kwh);
    std::string dwelling(kDwellings.front());
    entry.choice("dwelling", dwelling);
    const auto* found = std::ranges::find(kDwellings, dwelling);
    household.dwelling = static_cast<Dwelling>(found - kDwellings.begin());
    if (household.dwelling == Dwelling::kCamper && entry.has("kwh")) {
      entry.mistake("kwh", "is for a house: a camper uses what its appliances draw");
    }
  }

  void read_roofs() {
    entry_.members("roofs",
                   [this](const std::string& name, const YamlNode& value, const std::string& path) {
                     const Entry entry(value, path, entry_.mistakes(), SectionId::kRoof);
                     if (!is_id(name)) entry.mistake("", fmt::format("\"{}\" {}", name, kIdWords));
                     Roof& roof = site_.roofs.emplace_back();
                     roof.name = name;
                     read_number(entry, "azimuth", {.low = 0, .high = 360}, roof.azimuth_deg);
                     read_number(entry, "tilt", {.low = 0, .high = 90}, roof.tilt_deg);
                   });
    if (site_.roofs.size() > kMaxRoofs) {
      entry_.mistake("roofs", fmt::format("has {} roofs: must have at most {}", site_.roofs.size(),
                                          kMaxRoofs));
    }
  }

  void read_device(const Entry& entry) {
    SiteDevice made;
    read_serial_number(entry, made);
    read_text_of(entry, "name", kMaxDeviceName, made.name);
    read_plug(entry, made);
    read_supplies(entry, made);
    std::string place;
    entry.choice("place", place);
    made.place = place_of(place);
    read_number(entry, "carried", {.low = 0, .high = 1}, made.carried);
    if (made.carried > 0 && (made.plug == Plug::kMeter || made.plug == Plug::kOffGrid)) {
      entry.mistake("carried", "is for a device that others of its site do not need");
    }
    if (made.family != nullptr) made.initial = read_values(entry, "initial", *made.family);
    read_panels(entry, made);
    read_packs(entry, made);
    read_meter(entry, made);
    read_without_sun(entry, made);
    read_habits(entry, made);
    devices_.push_back({.device = std::move(made), .entry = entry});
  }

  // Reads sn and family, of which each may say what the family is.
  void read_serial_number(const Entry& entry, SiteDevice& made) const {
    entry.text("sn", made.sn);
    made.family = named_family(entry);
    if (!entry.has("sn")) {
      if (!entry.has("family")) entry.mistake("", "must have a family, or the sn of one");
      return;
    }
    if (entry.find("sn")->kind != YamlNode::Kind::kScalar) return;  // reported
    if (!is_serial_number(made.sn)) {
      return entry.mistake("sn",
                           fmt::format("\"{}\" must be 1 to {} characters of A-Z a-z 0-9 . _ -",
                                       wire::shortened(printable(made.sn)), kMaxSerialNumber));
    }
    const FamilyPtr& of_serial = catalog_.of_serial(made.sn);
    if (made.family != nullptr) {
      if (of_serial->id == made.family->id) return;
      return entry.mistake(
          "sn",
          fmt::format("\"{}\" is a serial number of the family {}, not of {}{}", made.sn,
                      of_serial->id, made.family->id, beginnings_of(std::span(&made.family, 1))));
    }
    if (entry.has("family")) return;  // reported
    if (of_serial->passthrough) {
      return entry.mistake("sn", fmt::format("\"{}\" is a serial number of no family{}", made.sn,
                                             beginnings_of(catalog_.families())));
    }
    made.family = of_serial;
  }

  [[nodiscard]] FamilyPtr named_family(const Entry& entry) const {
    std::string id;
    entry.text("family", id);
    const YamlNode* node = entry.find("family");
    if (node == nullptr || node->kind != YamlNode::Kind::kScalar) return nullptr;
    FamilyPtr family = catalog_.find(id);
    if (family == nullptr) {
      std::vector<std::string_view> known;
      for (const FamilyPtr& one : catalog_.families()) known.emplace_back(one->id);
      entry.mistake("family", fmt::format("\"{}\" must be {}", id, one_of(id, known)));
    }
    return family;
  }

  // "; must begin with R331 or R33", for the end of a message.
  [[nodiscard]] static std::string beginnings_of(std::span<const FamilyPtr> families) {
    std::vector<std::string_view> all;
    for (const FamilyPtr& family : families) {
      all.insert(all.end(), family->prefixes.begin(), family->prefixes.end());
    }
    return all.empty() ? std::string() : fmt::format("; must begin with {}", joined_or(all));
  }

  void read_plug(const Entry& entry, SiteDevice& made) const {
    if (!entry.has("plug")) {
      if (off_grid()) {
        made.plug = Plug::kOffGrid;
        return;
      }
      const std::vector<std::string_view> words(kPlugs.begin(), kPlugs.end());
      return entry.mistake("plug",
                           fmt::format("this key is missing: must be {}", joined_or(words)));
    }
    std::string word;
    entry.choice("plug", word);
    if (word == kMeterWord) made.plug = Plug::kMeter;
    if (word == kFeedInWord) made.plug = Plug::kFeedIn;
    if (word == kDcWord) made.plug = Plug::kDc;
    if (word == kOffGridWord) made.plug = Plug::kOffGrid;
    const auto* circuit = std::ranges::find(kHomeCircuits, word);
    if (circuit != kHomeCircuits.end()) {
      made.circuit = static_cast<std::size_t>(circuit - kHomeCircuits.begin());
    }
  }

  void read_supplies(const Entry& entry, SiteDevice& made) const {
    const YamlNode* node = entry.find("supplies");
    if (node == nullptr) return;
    const bool all = node->kind == YamlNode::Kind::kSequence && node->items.size() == 1 &&
                     node->items.front().kind == YamlNode::Kind::kScalar &&
                     node->items.front().text == kAllCircuits;
    made.supplies = all ? kEveryCircuit : read_circuits(entry, "supplies");
    if (!site_.household) {
      entry.mistake("supplies", "nobody lives here: the site has no household with circuits");
    } else if (site_.household->dwelling == Dwelling::kCamper) {
      entry.mistake("supplies", "a camper has no circuits: the off_grid device supplies all of it");
    }
  }

  static void read_habits(const Entry& entry, SiteDevice& made) {
    std::size_t count = 0;
    entry.items("habits", [&](const YamlNode& value, std::string path) {
      const Entry habit(value, std::move(path), entry.mistakes(), SectionId::kHabit);
      if (++count == kMaxHabits + 1) {
        entry.mistake("habits", fmt::format("has more than {} habits", kMaxHabits));
      }
      // Without a family there are no commands, and that was reported.
      if (made.family != nullptr && count <= kMaxHabits) read_habit(habit, made);
    });
  }

  static void read_habit(const Entry& entry, SiteDevice& made) {
    Habit habit;
    std::string when;
    entry.text("when", when);
    if (auto formula = parse_formula(when)) {
      habit.when = std::move(*formula);
      for (const std::string& name : habit.when.names) {
        if (std::ranges::find(kHabitNames, name) != kHabitNames.end()) continue;
        entry.mistake("when", fmt::format("\"{}\" must be {}", name, one_of(name, kHabitNames)));
      }
    } else if (entry.has("when")) {
      entry.mistake("when", formula.error().detail);
    }
    std::vector<Json> sets;
    entry.values("sets", sets);
    for (std::size_t k = 0; k < sets.size(); ++k) {
      const JsonObject* message = sets[k].if_object();
      auto set = message == nullptr ? fail(ErrorCode::kBadParams, "must be a mapping")
                                    : check_set(*made.family, *message);
      if (set && set->command == nullptr) {
        set = fail(ErrorCode::kBadParams,
                   fmt::format("{} has no such command", made.family->product));
      }
      if (set) {
        habit.sets.push_back(std::move(*set));
      } else {
        entry.mistake("sets", fmt::format("[{}]: {}", k, set.error().detail));
      }
    }
    made.habits.push_back(std::move(habit));
  }

  void read_panels(const Entry& entry, SiteDevice& made) const {
    std::vector<std::string> names;
    if (entry.find("panels") == nullptr) return;
    entry.texts("panels", names);
    made.panels.emplace();
    if (!check_pv_inputs(entry, names.size(), made.family.get())) return;
    for (const std::string& name : names) {
      const auto roof = std::ranges::find(site_.roofs, name, &Roof::name);
      if (roof != site_.roofs.end()) {
        made.panels->push_back(*roof);
        continue;
      }
      std::vector<std::string_view> known;
      known.reserve(site_.roofs.size());
      for (const Roof& one : site_.roofs) known.emplace_back(one.name);
      entry.mistake("panels",
                    known.empty()
                        ? fmt::format("\"{}\" is no roof: the site has no roofs", name)
                        : fmt::format("\"{}\" must be a roof: {}", name, one_of(name, known)));
    }
  }

  static void read_packs(const Entry& entry, SiteDevice& made) {
    const YamlNode* node = entry.find("packs");
    if (node == nullptr) return;
    if (node->kind == YamlNode::Kind::kScalar) {
      const Json count = to_json(*node, child(entry.path(), "packs"), entry.mistakes());
      const bool is_count = count.is_int64() && count.get_int64() >= 0;
      if (!is_count) {
        return entry.mistake("packs", fmt::format("\"{}\" must be a number from 0, or a list",
                                                  wire::shortened(printable(node->text))));
      }
      if (!check_pack_count(entry, static_cast<std::size_t>(count.get_int64()), made)) return;
      made.packs.resize(static_cast<std::size_t>(count.get_int64()));
      return;
    }
    entry.items("packs", [&made, &entry](const YamlNode& value, std::string path) {
      made.packs.push_back(
          read_pack(Entry(value, std::move(path), entry.mistakes(), SectionId::kPack)));
    });
    if (!check_pack_count(entry, made.packs.size(), made)) made.packs.clear();
  }

  [[nodiscard]] static Pack read_pack(const Entry& entry) {
    Pack pack;
    entry.text("sn", pack.sn);
    if (entry.has("sn") && !is_serial_number(pack.sn)) {
      entry.mistake("sn", fmt::format("\"{}\" must be 1 to {} characters of A-Z a-z 0-9 . _ -",
                                      wire::shortened(printable(pack.sn)), kMaxSerialNumber));
    }
    const auto read = [&entry](std::string_view key, const Bounds& bounds) {
      double value = bounds.low;
      read_number(entry, key, bounds, value);
      return value;
    };
    if (entry.has("capacity_wh")) {
      pack.capacity_wh = read("capacity_wh", {.low = kLeastPack_wh, .high = kMostPack_wh});
    }
    if (entry.has("charge")) pack.charge_percent = read("charge", {.low = 0, .high = 100});
    pack.cycles = read("cycles", {.low = 0, .high = kMostPackCycles});
    return pack;
  }

  // Whether the device can have so many.
  static bool check_pack_count(const Entry& entry, std::size_t count, const SiteDevice& made) {
    if (made.family == nullptr) return false;  // reported
    const std::size_t most = pack_parts(*made.family).size();
    if (count <= most && most > 0) return true;
    entry.mistake("packs", most == 0 ? fmt::format("{} extra batteries: {} takes none", count,
                                                   made.family->product)
                                     : fmt::format("{} extra batteries: {} takes 0 to {}", count,
                                                   made.family->product, most));
    return false;
  }

  static void read_meter(const Entry& entry, SiteDevice& made) {
    if (!entry.has("meter")) return;
    std::string text;
    entry.text("meter", text);
    made.meter = meter_place(text);
    if (!made.meter) {
      entry.mistake("meter", fmt::format("\"{}\" must be http://ADDR:PORT/v1/json, with a numeric "
                                         "address",
                                         wire::shortened(printable(text))));
    }
    if (made.family == nullptr) return;
    const auto has = [&](PartKind kind) {
      return std::ranges::any_of(made.family->physics, [&](const PhysicsPart& part) {
        // A battery that feeds no field is that of a model in C++.
        return part.kind == kind && (kind != PartKind::kBattery || !part.feeds.empty());
      });
    };
    const bool can_follow =
        has(PartKind::kBattery) && has(PartKind::kInverter) && has(PartKind::kGrid);
    const bool is_at_grid = made.plug == Plug::kMeter || made.plug == Plug::kFeedIn;
    if (!can_follow || !is_at_grid) {
      entry.mistake("meter",
                    fmt::format("is for a battery with an inverter at the grid, plugged in "
                                "as meter or feed_in, whose family describes its parts"));
    }
  }

  static void read_without_sun(const Entry& entry, SiteDevice& made) {
    std::string state;
    entry.choice("without_sun", state);
    made.sleeps = state == kWithoutSun.back();
    if (!made.sleeps || made.family == nullptr || awake_formula(*made.family) != nullptr) return;
    entry.mistake("without_sun", "is for a device that its PV modules alone feed");
  }

  // `family` is null if it is not known.
  static bool check_pv_inputs(const Entry& entry, std::size_t count, const Family* family) {
    if (family == nullptr) return count <= kMaxRoofs;
    const std::size_t most = pv_inputs_of(*family);
    if (count <= most && most > 0) return true;
    entry.mistake(
        "panels",
        most == 0 ? fmt::format("{} has no PV input", family->product)
                  : fmt::format("has {} roofs: must have at most {}, one for each PV input of {}",
                                count, most, family->product));
    return false;
  }

  const Entry& entry_;
  const Catalog& catalog_;
  Site& site_;
  std::vector<Placed>& devices_;
};

// ---- the devices of a site together

class SiteChecks {
 public:
  SiteChecks(const Site& site, const std::vector<Placed>& devices)
      : site_(site), devices_(devices) {}

  void check() const {
    check_plugs();
    check_supplies();
  }

 private:
  // Those with the plug, in the file's order.
  [[nodiscard]] std::vector<const Placed*> with(Plug plug) const {
    std::vector<const Placed*> found;
    for (const Placed& one : devices_) {
      if (one.device.plug == plug) found.push_back(&one);
    }
    return found;
  }

  static void check_one_at_most(const std::vector<const Placed*>& all, std::string_view word) {
    for (std::size_t k = 1; k < all.size(); ++k) {
      all[k]->entry.mistake("plug", fmt::format("{} is {} already: a site has one at most", word,
                                                path_of(*all.front(), all[k]->entry)));
    }
  }

  void refuse(Plug plug, std::string_view why) const {
    for (const Placed* one : with(plug)) one->entry.mistake("plug", why);
  }

  void check_plugs() const {
    std::vector<const Placed*> regulators = with(Plug::kMeter);
    std::vector<const Placed*> meters = regulators;
    const auto is_meter = [](const Placed* one) {
      return one->device.family != nullptr && measures_only(*one->device.family);
    };
    std::erase_if(regulators, is_meter);
    std::erase_if(meters, std::not_fn(is_meter));
    check_one_at_most(regulators, kMeterWord);
    check_one_at_most(meters, "household meter");
    check_one_at_most(with(Plug::kOffGrid), kOffGridWord);
    if (site_.phases > 0) {
      refuse(Plug::kDc, "dc is for a site with grid: none, on the DC side of its off_grid device");
      refuse(Plug::kOffGrid, "off_grid is for a site with grid: none; this one has a grid");
      return;
    }
    refuse(Plug::kMeter, "meter is for a site with a grid; this one has grid: none");
    refuse(Plug::kFeedIn, "feed_in is for a site with a grid; this one has grid: none");
    if (!with(Plug::kOffGrid).empty()) return;
    refuse(Plug::kDc, "no device of the site is off_grid: nothing supplies this one");
    refuse(Plug::kCircuit, "no device of the site is off_grid: nothing supplies this one");
  }

  void check_supplies() const {
    std::map<std::size_t, const Placed*> by_circuit;
    for (const Placed& one : devices_) {
      for (std::size_t k = 0; k < kHomeCircuits.size(); ++k) {
        if ((one.device.supplies & bit_of(k)) == 0) continue;
        const auto [at, fresh] = by_circuit.emplace(k, &one);
        if (fresh) continue;
        one.entry.mistake("supplies", fmt::format("{} is supplied by {} already", kHomeCircuits[k],
                                                  path_of(*at->second, one.entry)));
      }
    }
  }

  const Site& site_;
  const std::vector<Placed>& devices_;
};

}  // namespace

std::string path_of(const Placed& placed, const Entry& entry) {
  const Mistakes& its = placed.entry.mistakes();
  if (&its == &entry.mistakes()) return placed.entry.path();
  return fmt::format("{} in {}", placed.entry.path(), its.file());
}

void read_site(const Entry& entry, const Catalog& catalog, Site& site,
               std::vector<Placed>& devices) {
  SiteReader(entry, catalog, site, devices).read();
}

void add_to_site(const Entry& entry, std::string_view of_file, const Catalog& catalog, Site& site,
                 std::vector<Placed>& devices) {
  SiteReader reader(entry, catalog, site, devices);
  reader.refuse_other_keys(of_file);
  reader.read_devices();
}

void check_site(const Site& site, const std::vector<Placed>& devices) {
  SiteChecks(site, devices).check();
}

void find_units(std::vector<Placed>& devices) {
  const auto meter = std::ranges::find_if(devices, [](const Placed& one) {
    return one.device.plug == Plug::kMeter && one.device.family && one.device.family->system;
  });
  if (meter == devices.end()) return;
  for (Placed& one : devices) {
    const bool is_unit = one.device.plug == Plug::kFeedIn &&
                         one.device.family == meter->device.family && !one.device.meter;
    if (is_unit) one.device.plug = Plug::kUnit;
  }
}

void read_text_of(const Entry& entry, std::string_view key, std::size_t most, std::string& to) {
  if (!entry.has(key)) return;
  entry.text(key, to);
  if (entry.find(key)->kind != YamlNode::Kind::kScalar) return;  // reported
  const std::string problem = text_problem(to, most);
  if (!problem.empty()) entry.mistake(key, problem);
}

std::optional<MeterPlace> meter_place(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const std::size_t slash = text.find('/');
  const std::string_view host_port = text.substr(0, slash);
  const std::size_t colon = host_port.find(':');
  MeterPlace place;
  place.host = host_port.substr(0, colon);
  if (slash != std::string_view::npos) place.path = text.substr(slash);
  if (colon != std::string_view::npos) {
    const std::string_view port = host_port.substr(colon + 1);
    const char* const last = port.data() + port.size();
    const auto [end, error] = std::from_chars(port.data(), last, place.port);
    if (error != std::errc{} || end != last || place.port == 0) return std::nullopt;
  }
  const bool is_numeric = !place.host.empty() && std::ranges::all_of(place.host, [](char c) {
    return c == '.' || (c >= '0' && c <= '9');
  });
  const bool is_path = place.path.size() > 1 && std::ranges::all_of(place.path, [](char c) {
                         return c > ' ' && c < '\x7f';
                       });
  return is_numeric && is_path ? std::optional(place) : std::nullopt;
}

}  // namespace gridloom::catalog
