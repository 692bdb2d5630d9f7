// Counts how long operations took: buckets that are 1.6 % wide, from a nanosecond to centuries, so
// that a percentile costs no list of all values. One thread; merge() joins what several counted.
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
  // What was counted since this was as `before`. The longest of it is known as well as any other.
  [[nodiscard]] Latencies since(const Latencies& before) const;

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The value that `share` of all (0.99) do not exceed, 0 when there are none.
  [[nodiscard]] double percentile_ms(double share) const;
  [[nodiscard]] double max_ms() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace gridloom
