// Fuzz target: any bytes as X-Forwarded-For and X-Forwarded-Proto. The client's address is always
// an address, and what stands in front of the address that a proxy appends changes nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/trusted_proxies.h"
#include "net/address.h"

namespace {

using gridloom::http::TrustedProxies;
using gridloom::net::Network;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TrustedProxies kProxies(
      {*Network::parse("127.0.0.1"), *Network::parse("10.0.0.0/8"), *Network::parse("fd00::/8")});
  const std::string text(data, data + size);
  const std::size_t line = text.find('\n');
  const TrustedProxies::Headers headers{
      .addresses = text.substr(0, line),
      .schemes = line == std::string::npos ? std::string() : text.substr(line + 1)};
  const TrustedProxies::Client connection{.address = "127.0.0.1"};
  const TrustedProxies::Client client = kProxies.client_of(headers, connection);
  const auto address = gridloom::net::ip_bytes(client.address);
  require(address && gridloom::net::ip_text(*address) == client.address);
  const std::string in_front = headers.addresses + ", 198.51.100.7, 10.0.0.1";
  const TrustedProxies::Client named =
      kProxies.client_of({.addresses = in_front, .schemes = headers.schemes}, connection);
  require(named.address == "198.51.100.7" && named.secure == client.secure);
  return 0;
}
