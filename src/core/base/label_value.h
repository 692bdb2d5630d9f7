// A text in the value of a label, in the text formats of Prometheus and OpenMetrics, and in the
// latter's descriptions: backslashes, quotes and line ends are escaped.
#pragma once

#include <string>
#include <string_view>

namespace gridloom {

[[nodiscard]] inline std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1);
  }
  return out;
}

}  // namespace gridloom
