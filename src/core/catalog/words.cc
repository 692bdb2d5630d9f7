#include "catalog/words.h"

#include <algorithm>
#include <cstddef>

namespace gridloom::catalog {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

std::string join(const std::vector<std::string>& words, std::string_view last) {
  std::string text;
  for (std::size_t k = 0; k < words.size(); ++k) {
    if (k > 0 && k + 1 == words.size()) {
      text.append(" ").append(last).append(" ");
    } else if (k > 0) {
      text += ", ";
    }
    text += words[k];
  }
  return text;
}

bool is_id(std::string_view text) {
  const auto is_part = [](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= kMaxId && is_lower(text.front()) &&
         std::ranges::all_of(text, is_part);
}

}  // namespace gridloom::catalog
