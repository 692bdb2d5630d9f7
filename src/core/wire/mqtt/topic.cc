// Topic rules; see the header.
#include "wire/mqtt/topic.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "wire/mqtt/protocol.h"

namespace gridloom::wire::mqtt {
namespace {

constexpr std::string_view kShare = "$share/";

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Checks eight bytes at once for plain ASCII without NUL, the content of nearly all topics and
// names.
bool eight_plain(const char* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  return ((word | (word - kOnes)) & kHigh) == 0;
}

// The length of the UTF-8 character at the front of `rest`; 0 if it is not valid.
std::size_t character_length(std::string_view rest) {
  const auto lead = static_cast<unsigned char>(rest[0]);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || rest.size() < length) return 0;
  if (!std::ranges::all_of(rest.substr(1, length - 1), is_continuation)) return 0;
  const auto second = static_cast<unsigned char>(rest[1]);
  if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
  if (lead == 0xED && second > 0x9F) return 0;  // surrogate
  if (lead == 0xF0 && second < 0x90) return 0;  // overlong
  if (lead == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
  return length;
}

struct Level {
  std::string_view text;
  bool last = true;
};

Level take_level(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {.text = rest, .last = true};
  const std::string_view text = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  return {.text = text, .last = false};
}

bool valid_plain_filter(std::string_view filter) {
  if (filter.empty()) return false;
  for (;;) {
    const Level level = take_level(filter);
    if (level.text.find_first_of("+#") != std::string_view::npos) {
      if (level.text.size() != 1) return false;
      if (level.text == "#" && !level.last) return false;
    }
    if (level.last) return true;
  }
}

}  // namespace

bool valid_text(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() >= 8 && eight_plain(bytes.data())) {
      bytes.remove_prefix(8);
      continue;
    }
    const std::size_t length = character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

bool valid_topic(std::string_view topic) {
  return !topic.empty() && topic.size() <= kMaxTextBytes &&
         topic.find_first_of("+#") == std::string_view::npos && valid_text(topic);
}

bool valid_filter(std::string_view filter) {
  if (filter.size() > kMaxTextBytes || !valid_text(filter)) return false;
  if (!filter.starts_with(kShare)) return valid_plain_filter(filter);
  const auto parts = shared_parts(filter);
  return parts && !parts->group.empty() &&
         parts->group.find_first_of("+#") == std::string_view::npos &&
         valid_plain_filter(parts->filter);
}

std::size_t levels(std::string_view topic) {
  return 1 + static_cast<std::size_t>(std::ranges::count(topic, '/'));
}

bool filter_matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  for (;;) {
    if (filter == "#") return true;
    const Level wanted = take_level(filter);
    const Level given = take_level(topic);
    if (wanted.text != "+" && wanted.text != given.text) return false;
    if (given.last) return wanted.last || filter == "#";  // a/# also matches a
    if (wanted.last) return false;
  }
}

std::optional<SharedFilter> shared_parts(std::string_view filter) {
  if (!filter.starts_with(kShare)) return std::nullopt;
  std::string_view rest = filter.substr(kShare.size());
  const Level group = take_level(rest);
  if (group.last) return SharedFilter{.group = group.text, .filter = {}};
  return SharedFilter{.group = group.text, .filter = rest};
}

}  // namespace gridloom::wire::mqtt
