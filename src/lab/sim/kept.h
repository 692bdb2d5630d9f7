// The physics of a virtual device when its simulation ended, as far as no field shows it, or none
// shows it exactly: hysteresis, exact charges, timers, fractions of counters. Each component lists
// it once, for writing and for reading:
//
//   void keep(this auto& self, auto& kept) {
//     kept("charge", self.charge_uc_);
//     kept("full", self.full_);  // a component that has such a function too
//   }
//
// A reader leaves alone what is missing, or of another form: the file may be of another version.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/clock.h"
#include "wire/json.h"

namespace gridloom::sim {

// The member of Model::unreported() that has it.
inline constexpr std::string_view kPhysics = "physics";

class KeptWriter {
 public:
  void operator()(std::string_view name, const auto& value) { object_[name] = json_of(value); }
  [[nodiscard]] wire::JsonObject take() { return std::move(object_); }

 private:
  template <typename T>
  static wire::Json json_of(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return static_cast<std::int64_t>(value);
    } else if constexpr (std::is_arithmetic_v<T>) {
      return value;
    } else if constexpr (std::same_as<T, Millis>) {
      return value.count();
    } else if constexpr (std::same_as<T, TimePoint>) {
      return unix_ms(value);
    } else if constexpr (requires { value.has_value(); }) {
      return value ? json_of(*value) : wire::Json();
    } else if constexpr (std::ranges::range<T>) {
      wire::JsonArray list;
      for (const auto& each : value) list.push_back(json_of(each));
      return list;
    } else {
      KeptWriter inside;
      value.keep(inside);
      return inside.take();
    }
  }

  wire::JsonObject object_;
};

class KeptReader {
 public:
  explicit KeptReader(const wire::JsonObject& object) : object_(&object) {}
  // Reads what Model::unreported() returned; nothing: the physics is not known.
  [[nodiscard]] static std::optional<KeptReader> in(const wire::JsonObject& unreported) {
    const wire::Json* physics = unreported.if_contains(kPhysics);
    if (physics == nullptr || !physics->is_object()) return std::nullopt;
    return KeptReader(physics->get_object());
  }

  void operator()(std::string_view name, auto& value) const {
    if (const wire::Json* found = object_->if_contains(name)) read(*found, value);
  }

 private:
  static constexpr double kMost = 1e15;  // beyond, no number is exact, and no state means anything

  template <typename T>
  static void read(const wire::Json& json, T& value) {
    if constexpr (std::same_as<T, bool>) {
      if (json.is_bool()) value = json.get_bool();
    } else if constexpr (std::is_arithmetic_v<T>) {
      const double number = json.is_number() ? json.to_number<double>() : kMost;
      // A number in a file may have any value.
      const bool fits = std::abs(number) < kMost &&
                        number >= static_cast<double>(std::numeric_limits<T>::lowest()) &&
                        number <= static_cast<double>(std::numeric_limits<T>::max());
      if (fits) value = static_cast<T>(number);
    } else if constexpr (std::is_enum_v<T>) {
      auto number = std::to_underlying(value);
      read(json, number);
      value = static_cast<T>(number);
    } else if constexpr (std::same_as<T, Millis> || std::same_as<T, TimePoint>) {
      std::int64_t ms = 0;
      read(json, ms);
      value = T(Millis(ms));
    } else if constexpr (requires { value.has_value(); }) {
      value.reset();
      if (!json.is_null()) read(json, value.emplace());
    } else if constexpr (std::ranges::range<T>) {
      const wire::JsonArray* list = json.if_array();
      if (list == nullptr || list->size() != std::ranges::size(value)) return;
      std::size_t k = 0;
      for (auto& each : value) read((*list)[k++], each);
    } else if (const wire::JsonObject* inside = json.if_object()) {
      KeptReader reader(*inside);
      value.keep(reader);
    }
  }

  const wire::JsonObject* object_;
};

// Whether `kept`, of the function above, is a reader.
template <typename Kept>
inline constexpr bool kReads = std::same_as<std::remove_cvref_t<Kept>, KeptReader>;

[[nodiscard]] wire::JsonObject kept_of(const auto& component) {
  KeptWriter writer;
  component.keep(writer);
  return writer.take();
}

}  // namespace gridloom::sim
