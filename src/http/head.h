// The head of a request: its first line and headers, read strictly (RFC 9112). What two programs
// could read in two ways is refused: who reads it otherwise, in front of us or behind, would see
// other requests than we do. Pure; the views point into the text that was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace gridloom::http {

struct Refusal {
  unsigned status = 400;
  std::string why;
};

struct Field {
  std::string_view name;
  std::string_view value;  // without the blanks around it
};

struct Head {
  Method method = Method::kOther;
  std::string_view target;  // a path with its query, "*", or with http://HOST in front
  unsigned version = 11;    // 10 or 11
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  std::optional<std::uint64_t> length;  // Content-Length
  std::vector<Field> fields;

  // Empty if there is none. What a request means hangs on these: none of them stands twice.
  [[nodiscard]] std::string_view value(std::string_view name) const;
  // All values under the name, joined by commas.
  [[nodiscard]] std::string joined(std::string_view name) const;
};

// Whether text may still become a head: as much as its first bytes tell, so that another
// protocol's hello is not waited upon. `text` is not empty; the first `checked` bytes of it were
// good when it was as long as that. True: the first line is whole, and more need not be asked.
[[nodiscard]] std::expected<bool, Refusal> check_start(std::string_view text, std::size_t checked);

// `text` ends with the empty line.
[[nodiscard]] std::expected<Head, Refusal> parse_head(std::string_view text);

// "NAME: VALUE", without its line break.
[[nodiscard]] std::expected<Field, Refusal> parse_field(std::string_view line);

[[nodiscard]] bool same_name(std::string_view a, std::string_view b);  // without regard to case

}  // namespace gridloom::http
