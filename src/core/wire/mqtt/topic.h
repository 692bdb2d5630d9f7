// Validation and matching of topic names and topic filters. Where a comment says "text", the
// function assumes text that passed valid_text(). All of it is pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace gridloom::wire::mqtt {

// Well-formed UTF-8 (no overlong form, no surrogate, nothing above U+10FFFF) without U+0000.
[[nodiscard]] bool valid_text(std::string_view bytes);

// A topic to publish to: text, not empty, no wildcard.
[[nodiscard]] bool valid_topic(std::string_view topic);

// A filter to subscribe to: text, not empty, + and # only as whole levels, # only as the last one.
// All parts of $share/<group>/<filter> are checked.
[[nodiscard]] bool valid_filter(std::string_view filter);

// The number of levels of a topic or filter: "/a/b" has 3.
[[nodiscard]] std::size_t levels(std::string_view topic);

// `filter` must be valid and not shared. A filter that begins with a wildcard matches no topic that
// begins with $.
[[nodiscard]] bool filter_matches(std::string_view filter, std::string_view topic);

struct SharedFilter {
  std::string_view group;
  std::string_view filter;
};
// The parts of $share/<group>/<filter>; nullopt for an ordinary filter.
[[nodiscard]] std::optional<SharedFilter> shared_parts(std::string_view filter);

}  // namespace gridloom::wire::mqtt
