#include "catalog/words.h"

#include <algorithm>
#include <cstddef>

namespace gridloom::catalog {

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

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace gridloom::catalog
