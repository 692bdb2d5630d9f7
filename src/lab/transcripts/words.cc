#include "transcripts/words.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

namespace gridloom::transcripts {
namespace {

// Parses text that is a number from its first to its last character.
template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stopped == end ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string take_word(std::string_view& rest) {
  const auto skip_spaces = [&rest] {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  };
  skip_spaces();
  const std::string word(rest.substr(0, rest.find(' ')));
  rest.remove_prefix(word.size());
  skip_spaces();
  return word;
}

std::optional<double> parse_number(std::string_view text) {
  const auto number = whole_number<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<IdHole> find_id(std::string_view payload) {
  constexpr std::string_view kBegin = "<id";
  const std::size_t at = payload.find(kBegin);
  const std::size_t end = payload.find('>', at);
  if (at == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
  IdHole hole{.at = at, .size = end + 1 - at};
  const std::string_view back = payload.substr(at + kBegin.size(), end - at - kBegin.size());
  if (back.empty()) return hole;
  const auto number = whole_number<std::uint32_t>(back.substr(1));
  if (back[0] != '-' || !number) return std::nullopt;
  hole.back = *number;
  return hole;
}

}  // namespace gridloom::transcripts
