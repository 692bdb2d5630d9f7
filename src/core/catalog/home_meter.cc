#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "catalog/home_site.h"

namespace gridloom::catalog {

std::optional<MeterPlace> meter_place(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const std::size_t slash = text.find('/');
  const std::string_view host_port = text.substr(0, slash);
  const std::size_t colon = host_port.find(':');
  MeterPlace place;
  place.host = host_port.substr(0, colon);
  if (slash != std::string_view::npos) place.path = text.substr(slash);
  if (colon != std::string_view::npos) {
    const std::string_view port = host_port.substr(colon + 1);
    const char* const last = port.data() + port.size();
    const auto [end, error] = std::from_chars(port.data(), last, place.port);
    if (error != std::errc{} || end != last || place.port == 0) return std::nullopt;
  }
  const bool is_numeric = !place.host.empty() && std::ranges::all_of(place.host, [](char c) {
    return c == '.' || (c >= '0' && c <= '9');
  });
  const bool is_path = place.path.size() > 1 && std::ranges::all_of(place.path, [](char c) {
                         return c > ' ' && c < '\x7f';
                       });
  return is_numeric && is_path ? std::optional(place) : std::nullopt;
}

}  // namespace gridloom::catalog
