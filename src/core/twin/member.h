// The members of a report, as its readers return them, and the limits of what they read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

namespace gridloom::twin {

// Comparison of short texts of equal size, without a call of the C library: names and values of
// quotas have a few bytes, and a report has a hundred of them.
template <typename Word>
bool same_words(const char* a, const char* b) {
  Word x = 0;
  Word y = 0;
  std::memcpy(&x, a, sizeof(Word));
  std::memcpy(&y, b, sizeof(Word));
  return x == y;
}

// Words that overlap at the end compare the rest.
inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  if (size >= 32) return std::memcmp(a, b, size) == 0;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (!same_words<std::uint64_t>(a + i, b + i)) return false;
    }
    return same_words<std::uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) {
    return same_words<std::uint32_t>(a, b) && same_words<std::uint32_t>(a + size - 4, b + size - 4);
  }
  if (size >= 2) {
    return same_words<std::uint16_t>(a, b) && same_words<std::uint16_t>(a + size - 2, b + size - 2);
  }
  return size == 0 || *a == *b;
}

inline constexpr std::size_t kLongestNameBytes = 1024;

struct ReportLimits {
  std::size_t bytes = std::size_t{256} * 1024;
  std::size_t depth = 32;
  std::size_t members = 4096;  // total over all objects of the report
};

struct Member {
  // Not looked up yet, and looked up: the family declares no quota of that name.
  static constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kUndeclared = kUnknown - 1;

  std::string_view name;          // in the body: the quota name without the report's prefix
  std::string_view text;          // compact JSON
  std::uint32_t slot = kUnknown;  // in the body: that of the declared quota in Layout::names
};

}  // namespace gridloom::twin
