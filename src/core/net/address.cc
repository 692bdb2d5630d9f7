#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

namespace gridloom::net {

bool Address::loopback() const { return host.starts_with("127.") || host == "::1"; }

std::string Address::text() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::kBadParams,
                fmt::format("\"{}\" is not an address: {}; must be ADDR:PORT, such as "
                            "127.0.0.1:8080 or [::1]:0 (port 0 takes any free port)",
                            text, why));
  };
  if (colon == std::string_view::npos) return wrong("it has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Address address{.host = std::string(host == "localhost" ? "127.0.0.1" : host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size() || port.empty()) {
    return wrong("the port must be from 0 to 65535");
  }
  if (!socket_address(address)) {
    return wrong("it must be an IPv4 or IPv6 address, or localhost");
  }
  return address;
}

Result<SocketAddress> socket_address(const Address& address) {
  addrinfo hints{};
  // getaddrinfo() also accepts "127.1", "1" and "*" as addresses; an IPv6 address may name an
  // interface.
  in_addr dotted{};
  const bool four = ::inet_pton(AF_INET, address.host.c_str(), &dotted) == 1;
  if (!four && !address.host.contains(':')) {
    return fail(ErrorCode::kBadParams, fmt::format("{} is not a numeric IP address", address.host));
  }
  hints.ai_family = four ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) !=
      0) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} is not a numeric IP address", address.text()));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> first(found, &::freeaddrinfo);
  SocketAddress raw;
  raw.size = first->ai_addrlen;
  std::memcpy(&raw.storage, first->ai_addr, raw.size);
  return raw;
}

std::string host_of(const SocketAddress& address) {
  std::array<char, NI_MAXHOST> host{};
  const int failed = ::getnameinfo(address.raw(), address.size, host.data(), host.size(), nullptr,
                                   0, NI_NUMERICHOST);
  return failed != 0 ? "" : host.data();
}

namespace {

constexpr std::size_t kMappedBits = 96;  // in front of an IPv4 address
constexpr std::size_t kBits = 128;
constexpr std::size_t kByteBits = 8;
constexpr IpBytes kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const IpBytes& address) {
  return std::equal(address.begin(), address.begin() + kMappedBits / kByteBits, kMapped.begin());
}

}  // namespace

std::optional<IpBytes> ip_bytes(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));
  if (address.size() != text.size() && !address.contains(':')) return std::nullopt;
  IpBytes bytes = kMapped;
  if (address.contains(':')) {
    return ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1 ? std::optional(bytes)
                                                                     : std::nullopt;
  }
  return ::inet_pton(AF_INET, address.c_str(), &bytes.at(kMappedBits / kByteBits)) == 1
             ? std::optional(bytes)
             : std::nullopt;
}

std::string ip_text(const IpBytes& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_mapped(address)) {
    return ::inet_ntop(AF_INET, &address.at(kMappedBits / kByteBits), text.data(), text.size());
  }
  return ::inet_ntop(AF_INET6, address.data(), text.data(), text.size());
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const auto address = host.contains('%') ? std::nullopt : ip_bytes(host);
  if (!address) {
    return fail(ErrorCode::kBadParams,
                fmt::format("\"{}\" is no network: must be ADDR or ADDR/BITS, such as 10.0.0.0/8 "
                            "or ::1",
                            text));
  }
  const std::size_t most = host.contains(':') ? kBits : kBits - kMappedBits;
  std::size_t bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, bits);
    if (error != std::errc() || end != last || bits < 1 || bits > most) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("\"{}\" is no network: its bits must be from 1 to {}", text, most));
    }
  }
  return Network(*address, bits + (kBits - most));
}

bool Network::contains(const IpBytes& address) const {
  const std::size_t bytes = bits_ / kByteBits;
  const auto whole = static_cast<std::ptrdiff_t>(bytes);
  if (!std::equal(address_.begin(), address_.begin() + whole, address.begin())) return false;
  const std::size_t rest = bits_ % kByteBits;
  if (rest == 0) return true;
  return (address_.at(bytes) ^ address.at(bytes)) >> (kByteBits - rest) == 0;
}

}  // namespace gridloom::net
