// The messages of a stream that some records are in: a bounded list. When it is full it forgets
// every second entry, and takes only half as many from then on, so that the entries stay evenly
// apart, and a place that it knows is at or not far before the one asked for.
//
// Thread rule: one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <ranges>

namespace gridloom::journal {

class RecordPlaces {
 public:
  static constexpr std::size_t kMost = 4096;

  // The message has no record before `first`, and those before it have none from there on. Both
  // numbers grow from call to call.
  void add(std::uint64_t first, std::uint64_t sequence) {
    if (!places_.empty() && places_.back().first >= first) return;
    if (!places_.empty() && ++skipped_ < stride_) return;
    skipped_ = 0;
    places_.push_back({.first = first, .sequence = sequence});
    if (places_.size() < kMost) return;
    for (std::size_t i = 0; i < kMost / 2; ++i) places_[i] = places_[2 * i];
    places_.resize(kMost / 2);
    stride_ *= 2;
  }

  // A message before which no record from this one on is; 0: none is known.
  [[nodiscard]] std::uint64_t before(std::uint64_t record) const {
    const auto behind = std::ranges::upper_bound(places_, record, {}, &Place::first);
    return behind == places_.begin() ? 0 : std::prev(behind)->sequence;
  }

  // Forgets what is before the message.
  void forget(std::uint64_t sequence) {
    while (!places_.empty() && places_.front().sequence < sequence) places_.pop_front();
    if (places_.size() < kMost / 4 && stride_ > 1) stride_ /= 2;
  }

 private:
  struct Place {
    std::uint64_t first = 0;
    std::uint64_t sequence = 0;
  };
  std::deque<Place> places_;
  std::size_t stride_ = 1;   // one of so many messages is taken
  std::size_t skipped_ = 0;  // since the last one that was
};

}  // namespace gridloom::journal
