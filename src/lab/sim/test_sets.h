// Random sets that a family documents, for the property tests of virtual devices.
//
// The family's file accepts every one of them: values from the declared ranges (their ends more
// often than a uniform draw would give), the documents' own odd examples, sentinels, left-out
// optional params. The same chance gives the same sets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::sim {

class RandomSets {
 public:
  // `family` outlives this and has at least one command.
  RandomSets(const catalog::Family& family, Chance chance) : family_(family), chance_(chance) {}

  struct Set {
    const catalog::Command* command = nullptr;
    wire::JsonObject message;
  };
  [[nodiscard]] Set next() {
    const catalog::Command& command = pick(family_.commands);
    Set set{.command = &command, .message = {}};
    set.message["id"] = static_cast<std::int64_t>(draw_++);
    set.message["params"] = members(command.params);
    for (const auto& [path, value] : command.select) put(set.message, path, value);
    return set;
  }

 private:
  // 0 <= x < limit
  std::size_t below(std::size_t limit) {
    return static_cast<std::size_t>(chance_.bits(draw_++) % limit);
  }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <typename List>
  const typename List::value_type& pick(const List& list) {
    return list[below(list.size())];
  }

  static void put(wire::JsonObject& root, std::string_view path, const wire::Json& value) {
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) {
      root[path] = value;
      return;
    }
    wire::Json& next = root[path.substr(0, dot)];
    if (!next.is_object()) next = wire::JsonObject();
    put(next.get_object(), path.substr(dot + 1), value);
  }

  wire::JsonObject members(const std::vector<catalog::Param>& params) {
    wire::JsonObject object;
    if (params.empty()) return object;
    // A set must contain at least one param, beside those that are required.
    const auto first = std::ranges::find(params, false, &catalog::Param::required);
    const auto from = static_cast<std::size_t>(first - params.begin()) % params.size();
    const std::size_t sure = from + below(params.size() - from);
    for (std::size_t k = 0; k < params.size(); ++k) {
      if (k != sure && !params[k].required && one_in(3)) continue;
      object[params[k].name] = value_of(params[k]);
    }
    for (const catalog::Param& param : params) {
      const wire::Json* chooser = param.forms.empty() ? nullptr : object.if_contains(param.form_of);
      if (chooser == nullptr) continue;
      const auto form =
          std::ranges::find(param.forms, wire::to_text(*chooser), &catalog::Param::name);
      if (form != param.forms.end()) object[param.name] = value_of(*form);
    }
    return object;
  }

  wire::Json value_of(const catalog::Param& param) {
    if (!param.unchanged.empty() && one_in(8)) return pick(param.unchanged);
    if (!param.also.empty() && one_in(8)) return pick(param.also);
    if (!param.values.empty()) return pick(param.values).value;
    switch (param.type) {
      case catalog::FieldType::kInt:
        return whole_of(param);
      case catalog::FieldType::kFloat:
        return static_cast<double>(whole_of(param));
      case catalog::FieldType::kString:
        return wire::Json(std::string(size_of(param), static_cast<char>('a' + below(26))));
      case catalog::FieldType::kBool:
        return one_in(2);
      case catalog::FieldType::kArray:
        return array_of(param);
      case catalog::FieldType::kObject:
        if (param.exactly_one) return wire::JsonObject{{pick(param.fields).name, true}};
        return members(param.fields);
      case catalog::FieldType::kAny:
        break;
    }
    return anything();
  }

  std::int64_t whole_of(const catalog::Param& param) {
    const auto range = param.range.value_or(catalog::Range{.low = 0, .high = 1000});
    const auto low = static_cast<std::int64_t>(range.low);
    const auto high = static_cast<std::int64_t>(range.high);
    if (one_in(5)) return one_in(2) ? low : high;
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low) + 1));
  }

  std::size_t size_of(const catalog::Param& param) {
    const std::size_t low = param.min_items.value_or(0);
    return low + below(std::min<std::size_t>(param.max_items.value_or(low + 8) - low, 32) + 1);
  }

  wire::JsonArray array_of(const catalog::Param& param) {
    wire::JsonArray array;
    const std::size_t size = size_of(param);
    for (std::size_t k = 0; k < size; ++k) {
      array.push_back(param.fields.empty() ? wire::Json(0) : value_of(param.fields.front()));
    }
    return array;
  }

  wire::Json anything() {
    const auto number = static_cast<std::int64_t>(below(40));
    switch (below(5)) {
      case 0:
        return wire::JsonObject{{"mon", 1}, {"wed", one_in(2) ? 1 : 0}, {"sun", 1}};
      case 1:
        return wire::JsonArray{number, 7, 28};
      case 2:
        return wire::JsonObject{{"day", number}, {"month", 1}, {"year", 2025}};
      case 3:
        return wire::Json("text");
      default:
        return nullptr;
    }
  }

  const catalog::Family& family_;
  Chance chance_;
  std::uint64_t draw_ = 0;
};

}  // namespace gridloom::sim
