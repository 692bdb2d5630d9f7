#include "bridges/core/selection.h"

#include <algorithm>
#include <cstddef>

namespace gridloom::bridges {

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;                         // in the pattern
  std::size_t star = std::string_view::npos;  // the last '*' that was passed
  std::size_t resume = 0;                     // where the text behind that '*' is tried next
  for (std::size_t i = 0; i < text.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.size() && pattern[at] == text[i]) {
      ++at;
      ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool Selection::has_device(std::string_view sn, std::string_view name) const {
  return devices_.empty() || std::ranges::any_of(devices_, [&](const std::string& each) {
           return each == sn || each == name;
         });
}

bool Selection::has_field(std::string_view quota) const {
  return fields_.empty() || std::ranges::any_of(fields_, [&](const std::string& each) {
           return matches_pattern(each, quota);
         });
}

}  // namespace gridloom::bridges
