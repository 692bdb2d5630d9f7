// Fewer points that look like all of them: for plots.
//
// Largest triangle three buckets: of each of as many stretches as points are wanted, the point that
// makes the largest triangle with the one taken before it and the middle of the next stretch. Where
// there are far more points than that, only the least and the greatest of short spans of time are
// looked at, so that what is kept does not grow with what comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "history/block.h"

namespace gridloom::history {

// Of points in time's order, the first and the last among them. All, if there are no more than
// `most`, which is 3 at least.
[[nodiscard]] std::vector<Point> largest_triangles(std::span<const Point> points, std::size_t most);

// Takes a series of any length in time's order, and gives at most `most` points of it back.
class Plot {
 public:
  struct Options {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    std::size_t most = 0;  // 3 at least
  };
  explicit Plot(const Options& options);

  void add(const Point& point);
  [[nodiscard]] std::vector<Point> take();

 private:
  // Spans of time for each point that is wanted; each leaves two.
  static constexpr std::size_t kSpans = 4;

  void close_span();

  std::size_t most_;
  std::int64_t span_ms_;
  std::int64_t from_ms_;
  std::int64_t span_ = 0;
  std::vector<Point> kept_;
  std::vector<Point> open_;  // of the span: the least and the greatest, as they came
};

}  // namespace gridloom::history
