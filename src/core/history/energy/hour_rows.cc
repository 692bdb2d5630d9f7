#include "history/energy/hour_rows.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "catalog/natures.h"
#include "journal/journal.h"

namespace gridloom::history {
namespace {

// Stable: elements of the same time keep their order.
template <typename T>
void sort_by_time(std::vector<T>& all) {
  if (std::ranges::is_sorted(all, {}, &T::at_ms)) return;
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(all[i].at_ms, i); });
  std::vector<T> sorted;
  sorted.reserve(all.size());
  for (const std::size_t i : order) sorted.push_back(all[i]);
  all = std::move(sorted);
}

}  // namespace

bool block_has_reports(const Block& block, const FieldNames& names) {
  const auto presence = names.find(journal::kPresence);
  return std::ranges::any_of(block.fields(), [&](FieldId field) { return field != presence; });
}

WantedFields wanted_fields(const EnergySources& sources, const FieldNames& names,
                           std::span<const FieldId> fields) {
  WantedFields wanted;
  for (std::size_t position = 0; position < fields.size(); ++position) {
    const FieldId field = fields[position];
    const std::string name = names.name_of(field);
    const auto add = [&](WantedFields::Kind kind, std::size_t index) {
      wanted.fields.push_back({.position = position,
                               .field = field,
                               .kind = kind,
                               .index = static_cast<std::uint32_t>(index)});
    };
    if (name == journal::kPresence) {
      add(WantedFields::Kind::kPresence, 0);
      continue;
    }
    wanted.are_reports = true;
    for (std::size_t i = 0; i < sources.powers.size(); ++i) {
      if (matches(sources.powers[i].name, name)) add(WantedFields::Kind::kPower, i);
    }
    for (std::size_t i = 0; i < sources.conditions.size(); ++i) {
      if (sources.conditions[i].field == name) add(WantedFields::Kind::kCondition, i);
    }
    for (std::size_t i = 0; i < sources.counters.size(); ++i) {
      if (matches(sources.counters[i].name, name)) add(WantedFields::Kind::kCounter, i);
    }
  }
  return wanted;
}

Status HourRows::add(const Block& block) {
  has_reports_ = has_reports_ || block_has_reports(block, *names_);
  GL_TRY(block.times(times));
  for (std::uint32_t i = 0; i < sources_->powers.size(); ++i) {
    for (const FieldId field : fields_of(block, sources_->powers[i].name)) {
      GL_TRY(add_power(block, field, i));
    }
  }
  for (std::uint32_t i = 0; i < sources_->conditions.size(); ++i) {
    GL_TRY(add_condition(block, i));
  }
  for (std::size_t i = 0; i < sources_->counters.size(); ++i) {
    for (const FieldId field : fields_of(block, sources_->counters[i].name)) {
      std::vector<Point> points;
      GL_TRY(block.numbers(field, points));
      for (const Point& point : points) {
        add_sample(point.at_ms, field, static_cast<std::uint32_t>(i), point.value);
      }
    }
  }
  const auto presence = names_->find(journal::kPresence);
  if (!presence) return {};
  std::vector<Point> points;
  GL_TRY(block.numbers(*presence, points));
  for (const Point& point : points) {
    if (point.value != 0) continue;
    changes.push_back({.at_ms = point.at_ms, .source = *presence, .power = Change::kDisconnected});
  }
  return {};
}

Status HourRows::add_power(const Block& block, FieldId field, std::uint32_t power) {
  if (block.size(field).texts == 0) {
    std::vector<Point> points;
    GL_TRY(block.numbers(field, points));
    for (const Point& point : points) add_watts(point.at_ms, field, power, point.value);
    return {};
  }
  std::vector<Block::Timed> values;
  GL_TRY(block.values(field, values));
  for (Block::Timed& timed : values) {
    if (!timed.value.is_number) timed.value.text = timed.text;
    add_change(timed.at_ms, field, power, timed.value);
  }
  return {};
}

Status HourRows::add_condition(const Block& block, std::uint32_t condition) {
  const auto field = names_->find(sources_->conditions[condition].field);
  if (!field) return {};
  std::vector<Point> points;
  GL_TRY(block.numbers(*field, points));
  for (const Point& point : points) add_met(point.at_ms, *field, condition, point.value);
  return {};
}

void HourRows::add(std::int64_t at_ms, const WantedFields& wanted, std::string_view values) {
  has_reports_ = has_reports_ || wanted.are_reports;
  times.push_back(at_ms);
  Cursor cursor(values);
  Value value;
  std::size_t read = 0;  // values
  for (const WantedFields::Field& of : wanted.fields) {
    for (; read <= of.position; ++read) value = cursor.value();
    if (cursor.failed()) return;
    if (of.kind == WantedFields::Kind::kPower) {
      add_change(at_ms, of.field, of.index, value);
      continue;
    }
    if (!value.is_number) continue;
    const double number = to_double(value.number);
    if (of.kind == WantedFields::Kind::kCounter) {
      add_sample(at_ms, of.field, of.index, number);
    } else if (of.kind == WantedFields::Kind::kCondition) {
      add_met(at_ms, of.field, of.index, number);
    } else if (number == 0) {
      changes.push_back({.at_ms = at_ms, .source = of.field, .power = Change::kDisconnected});
    }
  }
}

void HourRows::add_change(std::int64_t at_ms, FieldId field, std::uint32_t power,
                          const Value& value) {
  const std::string& member = sources_->powers[power].member;
  if (!member.empty()) {
    const auto sum = value.is_number ? std::nullopt : catalog::sum_over(value.text, member);
    return add_watts(at_ms, field, power, sum.value_or(0));
  }
  add_watts(at_ms, field, power, value.is_number ? to_double(value.number) : 0);
}

// An unknown power counts as 0 W, until the next number.
void HourRows::add_watts(std::int64_t at_ms, FieldId field, std::uint32_t power, double value) {
  const EnergySources::PowerField& of = sources_->powers[power];
  const double watts = value * of.scale;
  const bool is_known = std::abs(watts) <= of.most_w;
  changes.push_back(
      {.at_ms = at_ms, .source = field, .power = power, .watts = is_known ? watts : 0});
}

void HourRows::add_met(std::int64_t at_ms, FieldId field, std::uint32_t condition, double value) {
  const bool is_met = sources_->conditions[condition].is_met_by(value);
  changes.push_back({.at_ms = at_ms,
                     .source = field,
                     .power = Change::kFirstCondition + condition,
                     .watts = is_met ? 1.0 : 0.0});
}

void HourRows::add_sample(std::int64_t at_ms, FieldId field, std::uint32_t counter, double value) {
  series.try_emplace(field, Series{.counter = counter, .points = {}})
      .first->second.points.push_back(
          {.at_ms = at_ms, .value = value * sources_->counters[counter].scale});
}

void HourRows::hold(FieldId source, double watts) {
  const std::string name = names_->name_of(source);
  const auto power = std::ranges::find_if(
      sources_->powers,
      [&](const EnergySources::PowerField& of) { return matches(of.name, name); });
  if (power != sources_->powers.end()) {
    const auto index = static_cast<std::uint32_t>(power - sources_->powers.begin());
    held[source] = {.power = index, .watts = watts};
  }
  const auto condition =
      std::ranges::find(sources_->conditions, name, &catalog::Field::When::field);
  if (condition == sources_->conditions.end()) return;
  const auto index = static_cast<std::uint32_t>(condition - sources_->conditions.begin());
  held[source] = {.power = Change::kFirstCondition + index, .watts = watts};
}

void HourRows::finish() {
  std::ranges::sort(times);
  times.erase(std::ranges::unique(times).begin(), times.end());
  sort_by_time(changes);
  for (auto& [field, of] : series) sort_by_time(of.points);
}

std::map<FieldId, HourRows::Series> HourRows::hold_back() {
  std::map<FieldId, Series> held_back;
  for (auto& [field, of] : series) {
    const bool goes_back =
        of.points.size() > 1 && std::prev(of.points.end(), 2)->value > of.points.back().value;
    const auto first = std::prev(of.points.end(), goes_back ? 2 : 1);
    held_back[field] = {.counter = of.counter, .points = {first, of.points.end()}};
    of.points.erase(first, of.points.end());
  }
  std::erase_if(series, [](const auto& each) { return each.second.points.empty(); });
  return held_back;
}

void HourRows::begin_behind_reports(std::map<FieldId, Series> held_back) {
  has_reports_ = true;
  held.clear();
  times.clear();
  changes.clear();
  std::erase_if(series, [&](const auto& each) { return !held_back.contains(each.first); });
  for (auto& [field, of] : held_back) {
    const auto [place, is_new] = series.try_emplace(field, std::move(of));
    if (!is_new) place->second.points.assign(of.points.begin(), of.points.end());
  }
}

void HourRows::go_on_with(const HourRows& later) {
  has_reports_ = has_reports_ || later.has_reports_;
  if (times.empty()) held = later.held;
  times.insert(times.end(), later.times.begin(), later.times.end());
  changes.insert(changes.end(), later.changes.begin(), later.changes.end());
  std::int64_t needed_ms = times.back();
  for (const auto& [field, of] : later.series) {
    series[field].counter = of.counter;
    std::ranges::copy_if(of.points, std::back_inserter(series[field].points),
                         [&points = series[field].points](const Point& point) {
                           return points.empty() || point.at_ms > points.back().at_ms;
                         });
  }
  for (auto& [field, of] : series) {
    needed_ms = std::min(needed_ms, of.points.back().at_ms);
    if (of.points.size() > 2) of.points.erase(of.points.begin(), of.points.end() - 2);
  }
  if (times.size() > kMostKept) needed_ms = std::max(needed_ms, times[times.size() - kMostKept]);
  drop_before(needed_ms);
}

// Powers that were reported before and are not forgotten are held.
void HourRows::drop_before(std::int64_t at_ms) {
  auto change = changes.begin();
  auto time = times.begin();
  for (; *time < at_ms; ++time) {
    for (; change != changes.end() && change->at_ms == *time; ++change) {
      if (change->power == Change::kDisconnected) {
        held.clear();
      } else {
        held[change->source] = {.power = change->power, .watts = change->watts};
      }
    }
    if (*std::next(time) - *time > kLongestGap_ms) held.clear();
  }
  changes.erase(changes.begin(), change);
  times.erase(times.begin(), time);
}

std::vector<FieldId> HourRows::fields_of(const Block& block, const std::string& name) const {
  if (!name.contains('*')) {
    const auto field = names_->find(name);
    return field ? std::vector{*field} : std::vector<FieldId>();
  }
  std::vector<FieldId> fields = block.fields();
  std::erase_if(fields, [&](FieldId field) { return !matches(name, names_->name_of(field)); });
  return fields;
}

}  // namespace gridloom::history
