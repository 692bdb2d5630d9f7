#include "bridges/core/patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/nearest.h"
#include "base/printable.h"

namespace gridloom::bridges {

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;                         // in the pattern
  std::size_t star = std::string_view::npos;  // the last '*' that was passed
  std::size_t resume = 0;                     // where the text behind that '*' is tried next
  for (std::size_t i = 0; i < text.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.size() && pattern[at] == text[i]) {
      ++at;
      ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool Selection::has_device(std::string_view sn, std::string_view name) const {
  return devices_.empty() || std::ranges::any_of(devices_, [&](const std::string& each) {
           return each == sn || each == name;
         });
}

bool Selection::has_field(std::string_view quota) const {
  return fields_.empty() || std::ranges::any_of(fields_, [&](const std::string& each) {
           return matches_pattern(each, quota);
         });
}

Result<NameTemplate> NameTemplate::parse(std::string_view setting, std::string_view text,
                                         std::span<const std::string_view> names) {
  NameTemplate parsed;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t open = rest.find_first_of("{}");
    Part part{.text = std::string(rest.substr(0, open))};
    if (open == std::string_view::npos) {
      parsed.parts_.push_back(std::move(part));
      break;
    }
    const std::size_t close = rest.find('}', open);
    if (rest[open] == '}' || close == std::string_view::npos) {
      return fail(ErrorCode::kBadParams, fmt::format("{} is \"{}\": a brace has no partner",
                                                     setting, redacted_extract(text)));
    }
    part.place = rest.substr(open + 1, close - open - 1);
    if (std::ranges::find(names, part.place) == names.end()) {
      const std::vector<std::string_view> known(names.begin(), names.end());
      return fail(
          ErrorCode::kBadParams,
          fmt::format("{} is \"{}\": between braces must be {}{}", setting, redacted_extract(text),
                      joined_or(known), did_you_mean(part.place, known)));
    }
    parsed.parts_.push_back(std::move(part));
    rest.remove_prefix(close + 1);
  }
  return parsed;
}

bool NameTemplate::has(std::string_view name) const {
  return std::ranges::any_of(parts_, [&](const Part& part) { return part.place == name; });
}

std::string NameTemplate::fill(std::span<const NamedText> values) const {
  std::string filled;
  for (const Part& part : parts_) {
    filled += part.text;
    if (part.place.empty()) continue;
    const auto found = std::ranges::find(values, std::string_view(part.place), &NamedText::name);
    if (found != values.end()) filled += found->text;
  }
  return filled;
}

}  // namespace gridloom::bridges
