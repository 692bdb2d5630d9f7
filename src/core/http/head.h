// The head of a request: request line and headers, parsed strictly (RFC 9112). Input that two
// programs could interpret in two ways is refused: a proxy in front of this server, or a program
// behind it, that reads it differently would see other requests than this server does (request
// smuggling). A refused head is not quoted: a token may be anywhere in it. Pure; the views point
// into the text that was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace gridloom::http {

// Headers whose value is a list separated by commas. Pure.
// The text without the blanks around it: spaces and tabs.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// Whether an element of the list, without the blanks around it, is wanted.
[[nodiscard]] bool lists(std::string_view list,
                         const std::function<bool(std::string_view element)>& is_wanted);

// Whether the list has the word, in any case; parameters of elements are left out.
[[nodiscard]] bool lists_token(std::string_view list, std::string_view token);

// Whether Accept-Encoding accepts the coding: named, or "*", and without a weight of 0.
[[nodiscard]] bool accepts(std::string_view list, std::string_view coding);

// Whether If-None-Match names the tag: "*" names every one, and W/ makes no difference.
[[nodiscard]] bool names_tag(std::string_view list, std::string_view tag);

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
  std::string_view host;    // that of the target, or else the header's, with its port
  unsigned version = 11;    // 10 or 11
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  std::optional<std::uint64_t> length;  // Content-Length
  std::vector<Field> fields;

  // Empty if the header is missing. Headers that decide the meaning of a request occur only once.
  [[nodiscard]] std::string_view value(std::string_view name) const;
  // All values of the header, joined by commas.
  [[nodiscard]] std::string joined(std::string_view name) const;
};

// Whether text may still become a head, as far as its first bytes show, so that the greeting of
// another protocol is refused at once instead of timing out. `text` is not empty; its first
// `checked` bytes were found good by an earlier call. True: the first line is complete, and no
// further call is needed.
[[nodiscard]] std::expected<bool, Refusal> check_start(std::string_view text, std::size_t checked);

// `text` ends with the empty line of the head. Overwrites `head`, whose list keeps its memory.
// Those `wanted` headers that decide what a request means occur only once, too.
[[nodiscard]] std::expected<void, Refusal> parse_head(std::string_view text, Head& head,
                                                      std::span<const WantedHeader> wanted = {});

// "NAME: VALUE", without the line break. The reason of a refusal quotes the name alone: the value
// may be a secret, however malformed its line.
[[nodiscard]] std::expected<Field, Refusal> parse_field(std::string_view line);

[[nodiscard]] bool same_name(std::string_view a, std::string_view b);  // case-insensitive

}  // namespace gridloom::http
