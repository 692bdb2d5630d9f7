// A socket address to listen on or connect to: a numeric IP address and a port.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::net {

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
