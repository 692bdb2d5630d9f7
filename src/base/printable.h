// What was read from a damaged place, for a line of a message or of a log.
#pragma once

#include <string>
#include <string_view>

namespace gridloom {

// Only ASCII that can be seen: anything else is a '?'.
[[nodiscard]] inline std::string printable(std::string_view bytes) {
  std::string text(bytes);
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace gridloom
