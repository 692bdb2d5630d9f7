#include "base/latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace gridloom {
namespace {

constexpr unsigned kStepBits = 6;  // 64 buckets from one power of two to the next
constexpr std::uint64_t kSteps = std::uint64_t{1} << kStepBits;
constexpr std::size_t kBuckets = kSteps * (64 - kStepBits + 1);
constexpr double kNanosInMilli = 1e6;

std::size_t bucket_of(std::uint64_t ns) {
  const auto width = static_cast<unsigned>(std::bit_width(ns));
  const unsigned shift = width > kStepBits + 1 ? width - kStepBits - 1 : 0;
  return static_cast<std::size_t>(kSteps * shift + (ns >> shift));
}

// The greatest value of a bucket.
std::uint64_t upper_edge_ns(std::size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const auto shift = static_cast<unsigned>(bucket / kSteps - 1);
  const std::uint64_t step = bucket - kSteps * shift;
  return ((step + 1) << shift) - 1;
}

}  // namespace

Latencies::Latencies() : buckets_(kBuckets) {}

void Latencies::add(std::chrono::nanoseconds took) {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  ++buckets_[bucket_of(ns)];
  ++count_;
  max_ns_ = std::max(max_ns_, ns);
}

void Latencies::merge(const Latencies& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

Latencies Latencies::since(const Latencies& before) const {
  Latencies rest;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    rest.buckets_[i] = buckets_[i] - before.buckets_[i];
    if (rest.buckets_[i] != 0) rest.max_ns_ = std::min(upper_edge_ns(i), max_ns_);
  }
  rest.count_ = count_ - before.count_;
  return rest;
}

double Latencies::percentile_ms(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen != 0 && seen >= wanted) {
      return static_cast<double>(std::min(upper_edge_ns(i), max_ns_)) / kNanosInMilli;
    }
  }
  return 0;
}

double Latencies::max_ms() const { return static_cast<double>(max_ns_) / kNanosInMilli; }

}  // namespace gridloom
