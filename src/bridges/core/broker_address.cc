#include "bridges/core/broker_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/redacted.h"

namespace gridloom::bridges {
namespace {

bool is_port(std::string_view text) {
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65'535;
}

bool is_host(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char each) {
    return each > ' ' && each < 0x7f && each != '/' && each != '@' && each != ':';
  });
}

}  // namespace

Result<BrokerAddress> parse_broker(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::kBadParams,
                fmt::format("broker is \"{}\": must be mqtt://HOST or mqtts://HOST, with :PORT or "
                            "without",
                            redacted_extract(text)));
  };
  constexpr std::string_view kPlain = "mqtt://";
  constexpr std::string_view kTls = "mqtts://";
  const bool is_tls = text.starts_with(kTls);
  if (!is_tls && !text.starts_with(kPlain)) return wrong();
  std::string_view rest = text.substr(is_tls ? kTls.size() : kPlain.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view host;
  std::string_view behind;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos || end == 1) return wrong();
    host = rest.substr(0, end + 1);
    behind = rest.substr(end + 1);
  } else {
    host = rest.substr(0, rest.find(':'));
    behind = rest.substr(host.size());
    if (!is_host(host)) return wrong();
  }
  if (behind.empty()) behind = is_tls ? ":8883" : ":1883";
  if (!behind.starts_with(':') || !is_port(behind.substr(1))) return wrong();
  return BrokerAddress{.host_port = fmt::format("{}{}", host, behind), .is_tls = is_tls};
}

}  // namespace gridloom::bridges
