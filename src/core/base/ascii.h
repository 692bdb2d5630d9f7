// Letters and digits of ASCII, whatever the locale. Bytes beyond ASCII stay as they are, so that
// UTF-8 stays valid.
#pragma once

namespace gridloom {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace gridloom
