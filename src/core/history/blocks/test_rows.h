// Rows for tests of blocks, random or written by hand, and a simple model of the rows that a block
// must return for them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/blocks/block.h"
#include "testing/dice.h"

namespace gridloom::history {

// A value in a normal form that is the same for 1 and 1.0.
inline std::string said(const Value& value) {
  if (!value.is_number) return "text " + std::string(value.text);
  return text_of(reduced(value.number));
}

// Rows as they were added.
struct Row {
  std::int64_t at_ms = 0;
  std::vector<std::pair<FieldId, std::string>> samples;  // JSON
};
using Rows = std::vector<Row>;

inline void add(BlockWriter& writer, const Row& row) {
  std::vector<Sample> samples;
  samples.reserve(row.samples.size());
  for (const auto& [field, json] : row.samples) {
    samples.push_back({.field = field, .value = value_of(json)});
  }
  writer.add(row.at_ms, samples);
}

inline std::string written(const Rows& rows, Packing most = Packing::kZstd) {
  BlockWriter writer;
  for (const Row& row : rows) add(writer, row);
  return writer.finish(most);
}

struct Kept {
  std::int64_t at_ms = 0;
  std::map<FieldId, std::string> samples;

  friend bool operator==(const Kept&, const Kept&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const Kept& kept) {
  out << kept.at_ms << ":";
  for (const auto& [field, value] : kept.samples) out << " " << field << "=" << value;
  return out << "\n";
}

// The rows that a block must return.
inline std::vector<Kept> expected(const Rows& rows) {
  std::vector<Kept> kept;
  for (const Row& row : rows) {
    Kept& to = kept.emplace_back(Kept{row.at_ms, {}});
    for (const auto& [field, json] : row.samples) to.samples[field] = said(value_of(json));
  }
  std::multimap<std::int64_t, Kept> by_time;
  for (Kept& row : kept) by_time.emplace(row.at_ms, std::move(row));
  kept.clear();
  for (auto& [at_ms, row] : by_time) kept.push_back(std::move(row));
  return kept;
}

// How a random stream behaves. `one_in` numbers are probabilities: N means once in N times.
struct Course {
  std::size_t rows = 0;
  std::size_t fields = 0;
  std::int64_t step_ms = 10'000;
  std::size_t one_in = 2;       // a field is reported in a row
  std::size_t one_in_text = 0;  // a value is any JSON; 0: never
  std::size_t one_in_late = 0;
  std::size_t one_in_again = 0;  // a row is added a second time
  std::size_t one_in_gap = 0;
  std::uint8_t scale = 2;
};

inline Rows stream(Dice& dice, const Course& course) {
  std::vector<std::int64_t> level(course.fields);
  for (auto& digits : level) digits = dice.between(-100'000, 100'000);
  Rows rows;
  std::int64_t now_ms = 1'700'000'000'000;
  const auto chance = [&](std::size_t one_in) { return one_in != 0 && dice.once_in(one_in); };
  while (rows.size() < course.rows) {
    now_ms += dice.between(course.step_ms - course.step_ms / 10, course.step_ms);
    if (chance(course.one_in_gap)) now_ms += dice.between(0, 3 * kLongestGap_ms);
    Row row{.at_ms = now_ms, .samples = {}};
    if (chance(course.one_in_late)) row.at_ms -= dice.between(0, 20 * course.step_ms);
    for (FieldId field = 0; field < course.fields; ++field) {
      // Some fields are present for only part of the time.
      if (field % 5 == 4 && (rows.size() / 50) % 2 == 0) continue;
      if (!chance(course.one_in)) continue;
      level[field] += dice.between(-20, 20);
      const Decimal number{.digits = level[field],
                           .scale = static_cast<std::uint8_t>(field % (course.scale + 1U))};
      row.samples.emplace_back(field * 3,
                               chance(course.one_in_text) ? dice.any_json() : text_of(number));
    }
    rows.push_back(row);
    if (chance(course.one_in_again)) rows.push_back(row);
  }
  return rows;
}

inline const std::vector<std::pair<std::string, Course>> kCourses = {
    {"one row of one field", {.rows = 1, .fields = 1, .one_in = 1}},
    {"one row of many fields", {.rows = 1, .fields = 200, .one_in = 1}},
    {"an hour of one field", {.rows = 360, .fields = 1, .one_in = 1}},
    {"an hour", {.rows = 360, .fields = 50}},
    {"rows of nothing", {.rows = 30, .fields = 0}},
    {"seldom reported fields", {.rows = 400, .fields = 20, .one_in = 60}},
    {"late and repeated", {.rows = 300, .fields = 8, .one_in_late = 4, .one_in_again = 4}},
    {"all at one time", {.rows = 60, .fields = 3, .step_ms = 0, .one_in_again = 3}},
    {"with gaps", {.rows = 200, .fields = 9, .one_in = 4, .one_in_gap = 10}},
    {"any JSON", {.rows = 200, .fields = 6, .one_in_text = 3}},
    {"nothing but any JSON", {.rows = 200, .fields = 6, .one_in_text = 1, .one_in_late = 5}},
    {"many scales", {.rows = 100, .fields = 40, .scale = 16}},
};

}  // namespace gridloom::history
