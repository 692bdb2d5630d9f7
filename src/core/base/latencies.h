// A histogram of durations: buckets are 1.6 % wide, from a nanosecond to centuries, so that a
// percentile needs no list of all values. One thread; merge() joins the histograms of several.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gridloom {

class Latencies {
 public:
  Latencies();

  void add(std::chrono::nanoseconds took);
  void merge(const Latencies& other);
  // The durations added since this histogram was equal to `before`. Its maximum has the same
  // relative precision as every percentile.
  [[nodiscard]] Latencies since(const Latencies& before) const;

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The value that a fraction `share` (0.99) of all durations does not exceed; 0 when there are
  // none.
  [[nodiscard]] double percentile_ms(double share) const;
  [[nodiscard]] double max_ms() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace gridloom
