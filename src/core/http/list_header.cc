#include "http/list_header.h"

#include "http/head.h"

namespace gridloom::http {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_parameters(std::string_view element) {
  return trimmed(element.substr(0, element.find(';')));
}

// Whether the element's weight, ";q=", is 0.
bool is_refused(std::string_view element) {
  while (true) {
    const std::size_t semicolon = element.find(';');
    if (semicolon == std::string_view::npos) return false;
    element = trimmed(element.substr(semicolon + 1));
    const std::string_view parameter = trimmed(element.substr(0, element.find(';')));
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool lists(std::string_view list, const std::function<bool(std::string_view)>& is_wanted) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (is_wanted(trimmed(list.substr(0, comma)))) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

bool lists_token(std::string_view list, std::string_view token) {
  return lists(
      list, [token](std::string_view each) { return same_name(without_parameters(each), token); });
}

bool accepts(std::string_view list, std::string_view coding) {
  bool named = false;
  bool good = false;
  static_cast<void>(lists(list, [&](std::string_view each) {
    const std::string_view name = without_parameters(each);
    if (same_name(name, coding)) {
      named = true;
      good = !is_refused(each);
    } else if (name == "*" && !named) {
      good = !is_refused(each);
    }
    return named;
  }));
  return good;
}

bool names_tag(std::string_view list, std::string_view tag) {
  const auto without_weakness = [](std::string_view text) {
    return text.substr(text.starts_with("W/") ? 2 : 0);
  };
  return lists(list, [&, opaque = without_weakness(tag)](std::string_view each) {
    return each == "*" || without_weakness(each) == opaque;
  });
}

}  // namespace gridloom::http
