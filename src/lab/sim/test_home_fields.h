// What the numbers of a home's devices were like in some days: for tests that compare them with
// what real devices reported (bench/believable.json), and days with days.
//
// A number has the name that bench/believable gives it: without the serial numbers of modules; the
// elements of a list have one name together.
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/fields.h"
#include "sim/models/panel_json.h"
#include "sim/test_home.h"
#include "wire/json.h"

namespace gridloom::sim {

// Values as on the wire.
struct NumberFacts {
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  std::size_t values = 0;
  std::size_t zeros = 0;
  bool moves = false;       // one of the elements does
  std::uint64_t trace = 0;  // of all changes; another one where one of them differs

  void add(double value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    ++values;
    if (value == 0) ++zeros;
  }
  void change(std::size_t when, double value) {
    moves = true;
    constexpr std::uint64_t kPrime = 0x100000001b3;
    for (const std::uint64_t bits : {std::uint64_t{when}, std::bit_cast<std::uint64_t>(value)}) {
      trace = (trace ^ bits) * kPrime;
      trace ^= trace >> 32U;
    }
  }
  // Adds those of another device.
  void add(const NumberFacts& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
    values += other.values;
    zeros += other.zeros;
    moves = moves || other.moves;
  }
  [[nodiscard]] double zero_share() const {
    return static_cast<double>(zeros) / static_cast<double>(values);
  }
};

// A number, and the field that declares it.
struct KnownNumber {
  std::string unit;
  const catalog::Field* field = nullptr;  // the whole one
};

// The name of a number that stands at `path` in a field's value.
inline std::string fact_name(const catalog::Family& family, const catalog::Field& field,
                             const std::string& path) {
  std::string name = field.name + path;
  if (const auto star = name.find("*."); star != std::string::npos) name.erase(star, 2);
  if (family.id != "power_ocean") return name;
  // Real ones are known from messages of the vendor's app, which are grouped otherwise.
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return name;
  const std::string group = name.substr(0, dot);
  return group.ends_with("Phase") ? group.substr(group.rfind('.') + 1) + name.substr(dot)
                                  : name.substr(dot + 1);
}

// A number of a device, of which all values are kept: a field, or a member of the elements of a
// list.
struct KeptNumber {
  std::string device;
  std::string field;
  std::size_t element = 0;
  std::string member{};  // empty: the field is a number
  friend auto operator<=>(const KeptNumber&, const KeptNumber&) = default;
};

// Lives in a home, and looks at all numbers of its devices: at those that are kept every minute, at
// other single ones every five, at those in lists and objects every fifteen.
class FieldDays {
 public:
  FieldDays(std::string_view home, TimePoint start, int days, const std::vector<KeptNumber>& kept)
      : home_(home, start) {
    for (const KeptNumber& number : kept) kept_[number];
    for (const HomeBench::Device& device : home_.devices()) {
      for (const Fields::Entry& entry : device.device->fields().entries()) {
        if (!device.device->fields().is_shown(entry.slot.index)) continue;
        watched_.push_back({.name = device.name, .device = device.device, .entry = &entry});
      }
    }
    home_.live(days, [this] { look(); });
    for (const HomeBench::Device& device : home_.devices()) {
      for (const auto& [name, facts] : facts_[device.name]) {
        families_[device.device->family().id][name].add(facts);
      }
    }
  }

  [[nodiscard]] const HomeBench& home() const { return home_; }
  // By device and name.
  [[nodiscard]] const std::map<std::string, NumberFacts>& of(const std::string& device) const {
    return facts_.at(device);
  }
  // Returns the facts of all devices of a family; nullptr if none has the number.
  [[nodiscard]] const NumberFacts* of_family(std::string_view family,
                                             const std::string& name) const {
    const auto found = families_.find(std::string(family));
    if (found == families_.end()) return nullptr;
    const auto number = found->second.find(name);
    return number == found->second.end() ? nullptr : &number->second;
  }
  // What the families' files say about their numbers.
  using Known = std::map<std::string, KnownNumber>;
  [[nodiscard]] const std::map<std::string, Known>& known() const { return known_; }
  [[nodiscard]] const Series& series(const KeptNumber& number) const { return kept_.at(number); }

 private:
  struct Number {
    std::string path;
    NumberFacts* facts = nullptr;
    double before = 0;
  };
  struct Watched {
    std::string name;  // of the device
    const VirtualDevice* device = nullptr;
    const Fields::Entry* entry = nullptr;
    std::vector<Number> numbers{};  // those of the last look
  };
  using OnNumber = std::function<void(const std::string& path, double value)>;

  static void each_number(const wire::Json& value, const std::string& path, const OnNumber& on) {
    if (value.is_number()) return on(path, value.to_number<double>());
    if (value.is_array()) {
      for (const wire::Json& element : value.get_array()) each_number(element, path + "[]", on);
    } else if (value.is_object()) {
      for (const auto& [key, member] : value.get_object()) {
        each_number(member, path + '.' + std::string(key), on);
      }
    }
  }

  // The unit that the file declares for what stands at `path`.
  static std::string unit_of(const catalog::Field& field, std::string_view path) {
    if (path.empty()) return field.unit;
    const catalog::Field* part = nullptr;
    std::string_view rest;
    if (path.starts_with("[]")) {
      if (!field.fields.empty()) part = &field.fields.front();
      rest = path.substr(2);
    } else {
      const std::string_view name = path.substr(1, path.find_first_of(".[", 1) - 1);
      const auto found = std::ranges::find(field.fields, name, &catalog::Field::name);
      if (found != field.fields.end()) part = &*found;
      rest = path.substr(1 + name.size());
    }
    const std::string unit = part == nullptr ? "" : unit_of(*part, rest);
    return unit.empty() ? field.unit : unit;
  }

  Number& number_at(Watched& watched, std::size_t at, const std::string& path, double value) {
    if (at < watched.numbers.size() && watched.numbers[at].path == path) return watched.numbers[at];
    watched.numbers.resize(at);  // a list has become longer or shorter
    const catalog::Family& family = watched.device->family();
    const catalog::Field& field = *watched.entry->field;
    const std::string name = fact_name(family, field, path);
    known_[family.id].try_emplace(name, KnownNumber{.unit = unit_of(field, path), .field = &field});
    return watched.numbers.emplace_back(
        Number{.path = path, .facts = &facts_[watched.name][name], .before = value});
  }

  void look() {
    constexpr std::size_t kFew = 5;
    constexpr std::size_t kQuarter = 15;
    keep();
    if (++looks_ % kFew != 0) return;
    const bool all = looks_ % kQuarter == 0;
    for (Watched& watched : watched_) {
      const Fields& fields = watched.device->fields();
      const Slot slot = watched.entry->slot;
      if (fields.has_number(slot)) {
        const double value = fields.number(slot);
        if (watched.numbers.size() != 1) static_cast<void>(number_at(watched, 0, "", value));
        see(watched.numbers.front(), value);
      } else if (all && watched.entry->field->type != catalog::FieldType::kString) {
        std::size_t at = 0;
        each_number(fields.get(slot), "", [&](const std::string& path, double value) {
          see(number_at(watched, at++, path, value), value);
        });
      }
    }
  }

  void see(Number& number, double value) const {
    number.facts->add(value);
    if (value == number.before) return;
    number.before = value;
    number.facts->change(looks_, value);
  }

  void keep() {
    const KeptNumber* before = nullptr;  // of the same list, as they are in order
    wire::Json list;
    for (auto& [number, series] : kept_) {
      const Fields& fields = home_.device(number.device).fields();
      if (number.member.empty()) {
        series.push_back(fields.number(number.field));
        continue;
      }
      const bool is_same =
          before != nullptr && before->device == number.device && before->field == number.field;
      if (!is_same) list = fields.get(number.field);
      before = &number;
      series.push_back(panel::number(panel::at(panel::at(list, number.element), number.member)));
    }
  }

  HomeBench home_;
  std::vector<Watched> watched_;
  std::size_t looks_ = 0;
  std::map<std::string, std::map<std::string, NumberFacts>> facts_;     // by device and name
  std::map<std::string, std::map<std::string, NumberFacts>> families_;  // by family and name
  std::map<std::string, Known> known_;                                  // by family and name
  std::map<KeptNumber, Series> kept_;
};

}  // namespace gridloom::sim
