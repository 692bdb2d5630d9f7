#include "app/home/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "app/home/set_plan.h"
#include "base/printable.h"
#include "catalog/readable_values.h"

namespace gridloom::app {
namespace {

using wire::Json;

struct Row {
  std::string_view text;
  Comparison comparison;
};
// Longer ones first, because they begin with the shorter ones.
constexpr auto kRows = std::to_array<Row>({{">=", Comparison::kAtLeast},
                                           {"<=", Comparison::kAtMost},
                                           {"!=", Comparison::kNotEqual},
                                           {"==", Comparison::kEqual},
                                           {"=", Comparison::kEqual},
                                           {">", Comparison::kGreater},
                                           {"<", Comparison::kLess}});

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(' ');
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(' ') - from + 1);
}

// "=> 50" has its letters the wrong way round.
Status check_value(const Row& row, std::string_view value) {
  constexpr std::string_view kLetters = "<>=!";
  if (!kLetters.contains(value.front())) return {};
  const std::string turned{value.front(), row.text.front()};
  const auto* const meant = std::ranges::find(kRows, turned, &Row::text);
  return fail(ErrorCode::kBadParams,
              fmt::format("\"{}{}\" is no comparison: must be one of = != < <= > >={}", row.text,
                          value.front(),
                          meant == kRows.end() ? "" : fmt::format("; did you mean {}?", turned)));
}

std::optional<double> number_in(const catalog::Field* field, const Json& value) {
  if (field != nullptr) return catalog::number_of(*field, value);
  return value.is_number() ? std::optional(value.to_number<double>()) : std::nullopt;
}

// The condition's value as the wire has it.
Result<Json> wanted(const Condition& condition, const catalog::Field* field) {
  if (field != nullptr) return field_value(*field, condition.value);
  auto parsed = wire::parse_json(condition.value);
  return parsed ? std::move(parsed) : Result<Json>(Json(condition.value));
}

bool holds(Comparison comparison, double left, double right) {
  constexpr double kSame = 1e-9;
  const bool is_same = std::abs(left - right) <= kSame;
  switch (comparison) {
    case Comparison::kEqual:
      return is_same;
    case Comparison::kNotEqual:
      return !is_same;
    case Comparison::kLess:
      return left < right && !is_same;
    case Comparison::kAtMost:
      return left < right || is_same;
    case Comparison::kGreater:
      return left > right && !is_same;
    case Comparison::kAtLeast:
      return left > right || is_same;
  }
  return false;
}

}  // namespace

Result<Condition> parse_condition(std::string_view text) {
  const std::size_t at = text.find_first_of("<>=!");
  const auto* const row = at == std::string_view::npos
                              ? kRows.end()
                              : std::ranges::find_if(kRows, [&](const Row& each) {
                                  return text.substr(at).starts_with(each.text);
                                });
  if (row != kRows.end()) {
    Condition condition{.field = std::string(trimmed(text.substr(0, at))),
                        .comparison = row->comparison,
                        .value = std::string(trimmed(text.substr(at + row->text.size())))};
    if (!condition.field.empty() && !condition.value.empty()) {
      GL_TRY(check_value(*row, condition.value));
      return condition;
    }
  }
  return fail(
      ErrorCode::kBadParams,
      fmt::format("\"{}\" is no condition: must be online, offline, or FIELD, one of = != < "
                  "<= > >=, and VALUE, in quotes: 'soc > 80'",
                  printable(text)));
}

Result<bool> is_met(const Condition& condition, const catalog::Field* field, const Json& value) {
  GL_TRY(const auto right, wanted(condition, field));
  const bool stands_for_none = value.is_null() || (field != nullptr && field->absent &&
                                                   catalog::same_value(*field->absent, value));
  if (stands_for_none) return false;
  const auto left_number = number_in(field, value);
  const auto right_number = number_in(field, right);
  if (left_number && right_number) {
    return holds(condition.comparison, *left_number, *right_number);
  }
  const bool is_equality =
      condition.comparison == Comparison::kEqual || condition.comparison == Comparison::kNotEqual;
  const bool is_same = catalog::same_value(value, right);
  if (is_equality) return is_same == (condition.comparison == Comparison::kEqual);
  if (right_number) return false;  // the value is no number
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is no number: = and != compare it", printable(condition.value)));
}

}  // namespace gridloom::app
