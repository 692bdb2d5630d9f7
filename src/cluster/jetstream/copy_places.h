// Where the records of a copy of a slot's log are (slot_copy.h): of each write the numbers of its
// records, and the number of its entry in the log that the copy is.
//
// Thread rule: one thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <ranges>

namespace gridloom::journal {

class CopyPlaces {
 public:
  struct Place {
    std::uint64_t first = 0;  // the first record
    std::uint64_t last = 0;
    std::uint64_t entry = 0;
  };
  using Places = std::ranges::subrange<std::deque<Place>::const_iterator>;

  // Records that are there already are left out. Entries come in the order of their numbers.
  void add(std::uint64_t first, std::uint64_t count, std::uint64_t entry) {
    const std::uint64_t end = first + count;
    first = std::max(first, last() + 1);
    if (first < end) places_.push_back({.first = first, .last = end - 1, .entry = entry});
  }
  // Drops all writes that have a record behind this one. False: there are none.
  bool drop_behind(std::uint64_t record) {
    const std::uint64_t before = last();
    while (last() > record) places_.pop_back();
    return last() != before;
  }
  // Forgets the writes that have no record behind this one. Returns the last entry that is not
  // needed any more; 0: there is none.
  std::uint64_t forget(std::uint64_t record) {
    std::uint64_t through = 0;
    while (!places_.empty() && places_.front().last <= record) {
      through = places_.front().entry;
      places_.pop_front();
    }
    return places_.empty() ? through : places_.front().entry - 1;
  }
  void clear() { places_.clear(); }

  // 0: there is none.
  [[nodiscard]] std::uint64_t last() const { return places_.empty() ? 0 : places_.back().last; }
  [[nodiscard]] bool has_all(std::uint64_t first, std::uint64_t last) const {
    for (const Place& place : with(first, last)) {
      if (place.first > first) return false;
      first = place.last + 1;
    }
    return first > last;
  }
  // The writes that have any of the records.
  [[nodiscard]] Places with(std::uint64_t first, std::uint64_t last) const {
    const auto begin =
        std::ranges::lower_bound(places_.begin(), places_.end(), first, {}, &Place::last);
    const auto end = std::ranges::upper_bound(begin, places_.end(), last, {}, &Place::first);
    return {begin, end};
  }

 private:
  std::deque<Place> places_;
};

}  // namespace gridloom::journal
