// Downsampling of a series for plots: few points whose plot looks like the plot of all points.
//
// The algorithm is LTTB (largest triangle three buckets): the points are divided into as many
// buckets as points are wanted, and from each bucket the point is taken that makes the largest
// triangle with the point taken before it and the mean of the next bucket. Where there are far more
// points than that, only the minimum and the maximum of short time spans are considered, so that
// memory does not grow with the length of the series.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "history/blocks/block.h"

namespace gridloom::history {

// Selects `most` of the points, which are in order of time; the first and the last are always
// among them. Returns all points if there are no more than `most`, which is at least 3.
[[nodiscard]] std::vector<Point> largest_triangles(std::span<const Point> points, std::size_t most);

// Takes a series of any length in order of time and returns at most `most` of its points.
class Plot {
 public:
  struct Options {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    std::size_t most = 0;  // at least 3
  };
  explicit Plot(const Options& options);

  void add(const Point& point);
  [[nodiscard]] std::vector<Point> take();

 private:
  // Time spans for each wanted point; each span leaves two points.
  static constexpr std::size_t kSpans = 4;

  void close_span();

  std::size_t most_;
  std::int64_t span_ms_;
  std::int64_t from_ms_;
  std::int64_t span_ = 0;
  std::vector<Point> kept_;
  std::vector<Point> open_;  // minimum and maximum of the current span, in order of arrival
};

}  // namespace gridloom::history
