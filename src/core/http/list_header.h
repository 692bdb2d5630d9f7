// Headers whose value is a list separated by commas. Pure.
#pragma once

#include <functional>
#include <string_view>

namespace gridloom::http {

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

}  // namespace gridloom::http
