#include "bridges/core/host_port.h"

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace gridloom::bridges {
namespace {

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) return text.size() > 2 && text.ends_with(']');
  return !text.empty() && text.find_first_of(" \t\r\n/@?#[]:") == std::string_view::npos;
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.ends_with(']') ? std::string_view::npos : text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  if (!is_host(host)) return std::nullopt;
  if (colon == std::string_view::npos) return HostPort{.host = std::string(host), .port = {}};
  const std::string_view port = text.substr(colon + 1);
  if (!is_port(port)) return std::nullopt;
  return HostPort{.host = std::string(host), .port = std::string(port)};
}

}  // namespace gridloom::bridges
