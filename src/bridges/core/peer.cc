#include "bridges/core/peer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "client/api_reply.h"
#include "client/http_request.h"
#include "wire/json.h"

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

namespace {

constexpr std::string_view kPlain = "mqtt://";
constexpr std::string_view kTls = "mqtts://";

}  // namespace

Result<BrokerAddress> parse_broker_address(std::string_view setting, std::string_view text) {
  const bool uses_tls = text.starts_with(kTls);
  std::string_view rest = text;
  if (uses_tls || text.starts_with(kPlain)) {
    rest.remove_prefix(uses_tls ? kTls.size() : kPlain.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (const auto place = parse_host_port(rest)) {
      const std::string_view usual = uses_tls ? "8883" : "1883";
      return BrokerAddress{
          .host_port = fmt::format("{}:{}", place->host, place->port.empty() ? usual : place->port),
          .uses_tls = uses_tls};
    }
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is \"{}\": must be mqtt://HOST:PORT or mqtts://HOST:PORT, without "
                          "user and path",
                          setting, redacted_extract(text)));
}

Result<WebAddress> parse_web_address(std::string_view setting, std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is \"{}\": must be http://HOST:PORT or https://HOST:PORT, with or "
                            "without a path",
                            setting, redacted_extract(text)));
  };
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return refuse();
  const std::size_t host_at = scheme + 3;
  const std::size_t host_end = std::min(text.find_first_of("/?#", host_at), text.size());
  const std::string_view kind = text.substr(0, scheme);
  const std::string_view host = text.substr(host_at, host_end - host_at);
  if ((kind != "http" && kind != "https") || host.empty() ||
      host.find_first_of("@ ") != std::string_view::npos || text.contains('#')) {
    return refuse();
  }
  WebAddress address{.server = std::string(text.substr(0, host_end)),
                     .target = std::string(text.substr(host_end))};
  if (!address.target.starts_with('/')) address.target.insert(0, "/");
  if (!client::parse_api_address(address.server) ||
      !client::check({.method = "POST", .target = address.target, .host = host})) {
    return refuse();
  }
  return address;
}

namespace {

constexpr std::size_t kMaxReason = 300;

// "error" of InfluxDB 1, "message" of InfluxDB 2.
std::string words_of(const client::HttpReply& reply) {
  const auto parsed = wire::parse_json(reply.body);
  std::string_view words = reply.body;
  if (parsed) {
    for (const std::string_view name : {"error", "message"}) {
      if (const std::string_view text = wire::text_in(*parsed, name); !text.empty()) {
        return printable(wire::shortened(text, kMaxReason));
      }
    }
  }
  while (words.ends_with('\n')) words.remove_suffix(1);
  return printable(wire::shortened(words, kMaxReason));
}

}  // namespace

std::string reason_of(const client::HttpReply& reply) {
  const std::string words = words_of(reply);
  return words.empty() ? fmt::format("HTTP {}", reply.status)
                       : fmt::format("HTTP {}: {}", reply.status, words);
}

}  // namespace gridloom::bridges
