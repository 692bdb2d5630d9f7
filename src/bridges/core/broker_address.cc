#include "bridges/core/broker_address.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <cstdint>

#include "base/redacted.h"

namespace gridloom::bridges {
namespace {

constexpr std::string_view kPlain = "mqtt://";
constexpr std::string_view kTls = "mqtts://";

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

Result<BrokerAddress> parse_broker_address(std::string_view setting, std::string_view text) {
  const bool uses_tls = text.starts_with(kTls);
  std::string_view rest = text;
  if (uses_tls || text.starts_with(kPlain)) {
    rest.remove_prefix(uses_tls ? kTls.size() : kPlain.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
    const std::size_t colon = rest.rfind(':');
    const bool has_port = colon != std::string_view::npos && !rest.ends_with(']');
    const std::string_view host = has_port ? rest.substr(0, colon) : rest;
    const std::string_view port =
        has_port ? rest.substr(colon + 1) : std::string_view(uses_tls ? "8883" : "1883");
    if (is_host(host) && is_port(port)) {
      return BrokerAddress{.host_port = fmt::format("{}:{}", host, port), .uses_tls = uses_tls};
    }
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is \"{}\": must be mqtt://HOST:PORT or mqtts://HOST:PORT, without "
                          "user and path",
                          setting, redacted_extract(text)));
}

}  // namespace gridloom::bridges
