#include "history/energy/hour_rows.h"

#include <algorithm>
#include <cmath>
#include <utility>

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

Status HourRows::add(const Block& block) {
  has_reports_ = has_reports_ || block_has_reports(block, *names_);
  if (Status read = block.times(times); !read) return read;
  for (std::uint32_t i = 0; i < sources_->powers.size(); ++i) {
    for (const FieldId field : fields_of(block, sources_->powers[i].name)) {
      if (Status read = add_power(block, field, i); !read) return read;
    }
  }
  for (std::size_t i = 0; i < sources_->counters.size(); ++i) {
    const double scale = sources_->counters[i].scale;
    for (const FieldId field : fields_of(block, sources_->counters[i].name)) {
      std::vector<Point> points;
      if (Status read = block.numbers(field, points); !read) return read;
      if (points.empty()) continue;
      Series& of = series.try_emplace(field, Series{.counter = i, .points = {}}).first->second;
      for (const Point& point : points) {
        of.points.push_back({.at_ms = point.at_ms, .value = point.value * scale});
      }
    }
  }
  const auto presence = names_->find(journal::kPresence);
  if (!presence) return {};
  std::vector<Point> points;
  if (Status read = block.numbers(*presence, points); !read) return read;
  for (const Point& point : points) {
    if (point.value != 0) continue;
    changes.push_back({.at_ms = point.at_ms, .source = *presence, .power = Change::kDisconnected});
  }
  return {};
}

Status HourRows::add_power(const Block& block, FieldId field, std::uint32_t power) {
  const EnergySources::PowerField& of = sources_->powers[power];
  // What is not known counts as 0 W, until the next number.
  const auto change = [&](std::int64_t at_ms, double value) {
    const double watts = value * of.scale;
    const bool is_known = std::abs(watts) <= of.most_w;
    changes.push_back(
        {.at_ms = at_ms, .source = field, .power = power, .watts = is_known ? watts : 0});
  };
  if (block.size(field).texts == 0) {
    std::vector<Point> points;
    if (Status read = block.numbers(field, points); !read) return read;
    for (const Point& point : points) change(point.at_ms, point.value);
    return {};
  }
  std::vector<Block::Timed> values;
  if (Status read = block.values(field, values); !read) return read;
  for (const Block::Timed& timed : values) {
    change(timed.at_ms, timed.value.is_number ? to_double(timed.value.number) : 0);
  }
  return {};
}

void HourRows::hold(FieldId source, double watts) {
  const std::string name = names_->name_of(source);
  const auto power = std::ranges::find_if(
      sources_->powers,
      [&](const EnergySources::PowerField& of) { return matches(of.name, name); });
  if (power == sources_->powers.end()) return;
  const auto index = static_cast<std::uint32_t>(power - sources_->powers.begin());
  held[source] = {.power = index, .watts = watts};
}

void HourRows::finish() {
  std::ranges::sort(times);
  times.erase(std::ranges::unique(times).begin(), times.end());
  sort_by_time(changes);
  for (auto& [field, of] : series) sort_by_time(of.points);
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
