// IP addresses as numbers, and networks of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::net {

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

}  // namespace gridloom::net
