#include "bridges/core/name_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "base/redacted.h"

namespace gridloom::bridges {

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
