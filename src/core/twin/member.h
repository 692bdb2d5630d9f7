// The members of a report, as its readers return them, and the limits of what they read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace gridloom::twin {

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
