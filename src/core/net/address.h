// IP addresses: a socket address to listen on or connect to, addresses as numbers, and networks.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::net {

// IP addresses as numbers, and networks of them.
// The bytes of an IPv6 address; an IPv4 address is mapped into it ("::ffff:198.51.100.7"), so that
// both its forms are the same.
using IpBytes = std::array<std::uint8_t, 16>;

// Nothing: the text is no numeric address. An interface behind the address, "%eth0", is left out.
[[nodiscard]] std::optional<IpBytes> ip_bytes(std::string_view text);
// "198.51.100.7", "2001:db8::1".
[[nodiscard]] std::string ip_text(const IpBytes& address);

class Network {
 public:
  // Accepts "ADDR", which is a network of one address, and "ADDR/BITS". kBadParams: the detail says
  // what is valid.
  [[nodiscard]] static Result<Network> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpBytes& address) const;

 private:
  Network(const IpBytes& address, std::size_t bits) : address_(address), bits_(bits) {}

  IpBytes address_;
  std::size_t bits_;  // of the mapped address
};

struct Address {
  std::string host;  // "127.0.0.1", "::1", "0.0.0.0"
  std::uint16_t port = 0;

  [[nodiscard]] bool loopback() const;
  [[nodiscard]] std::string text() const;  // "127.0.0.1:8080", "[::1]:8080"
};
// Accepts "ADDR:PORT", "[V6]:PORT" and "localhost:PORT". kBadParams: the detail says what is wrong.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

// An address in the form that the socket system calls take.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  [[nodiscard]] const sockaddr* raw() const {
    return reinterpret_cast<const sockaddr*>(&storage);  // NOLINT: the sockets' own idiom
  }
  [[nodiscard]] sockaddr* raw() {
    return reinterpret_cast<sockaddr*>(&storage);  // NOLINT
  }
};
// kBadParams: the host is no numeric address.
[[nodiscard]] Result<SocketAddress> socket_address(const Address& address);
// Its host as a numeric address; empty: it has none.
[[nodiscard]] std::string host_of(const SocketAddress& address);

}  // namespace gridloom::net
