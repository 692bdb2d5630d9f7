#include "history/series/lttb.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gridloom::history {
namespace {

Point middle_of(std::span<const Point> points) {
  // Relative to the first point, so that milliseconds since 1970 lose no precision.
  double at = 0;
  double value = 0;
  for (const Point& point : points) {
    at += static_cast<double>(point.at_ms - points[0].at_ms);
    value += point.value;
  }
  const auto count = static_cast<double>(points.size());
  return {.at_ms = points[0].at_ms + std::llround(at / count), .value = value / count};
}

double area(const Point& a, const Point& b, const Point& c) {
  const auto ab = static_cast<double>(b.at_ms - a.at_ms);
  const auto ac = static_cast<double>(c.at_ms - a.at_ms);
  return std::abs(ac * (b.value - a.value) - ab * (c.value - a.value));
}

}  // namespace

std::vector<Point> largest_triangles(std::span<const Point> points, std::size_t most) {
  if (points.size() <= most) return {points.begin(), points.end()};
  const std::size_t stretches = most - 2;
  const std::size_t inner = points.size() - 2;
  const auto begin_of = [&](std::size_t stretch) { return 1 + stretch * inner / stretches; };
  std::vector<Point> taken{points.front()};
  taken.reserve(most);
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto stretch = points.subspan(begin_of(i), begin_of(i + 1) - begin_of(i));
    const bool is_last = i + 1 == stretches;
    const Point next =
        is_last ? points.back()
                : middle_of(points.subspan(begin_of(i + 1), begin_of(i + 2) - begin_of(i + 1)));
    const Point before = taken.back();
    taken.push_back(*std::ranges::max_element(
        stretch, {}, [&](const Point& point) { return area(before, point, next); }));
  }
  taken.push_back(points.back());
  return taken;
}

Plot::Plot(const Options& options)
    : most_(options.most),
      span_ms_(std::max<std::int64_t>(
          1, (options.to_ms - options.from_ms) / static_cast<std::int64_t>(options.most * kSpans))),
      from_ms_(options.from_ms) {}

void Plot::add(const Point& point) {
  const std::int64_t span = (point.at_ms - from_ms_) / span_ms_;
  if (span != span_) close_span();
  span_ = span;
  if (open_.size() < 2) return open_.push_back(point);
  // Drops the middle one of the three points; of equal values the first stays.
  const double least = std::min(open_[0].value, open_[1].value);
  const double greatest = std::max(open_[0].value, open_[1].value);
  if (point.value >= least && point.value <= greatest) return;
  const bool first_is_between =
      point.value > greatest ? open_[0].value > open_[1].value : open_[0].value < open_[1].value;
  if (!first_is_between) open_.pop_back();
  if (first_is_between) open_.erase(open_.begin());
  open_.push_back(point);
}

void Plot::close_span() {
  kept_.insert(kept_.end(), open_.begin(), open_.end());
  open_.clear();
}

std::vector<Point> Plot::take() {
  close_span();
  return largest_triangles(std::exchange(kept_, {}), most_);
}

}  // namespace gridloom::history
