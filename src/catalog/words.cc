#include "catalog/words.h"

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

}  // namespace gridloom::catalog
