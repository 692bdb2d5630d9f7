#include "net/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace gridloom::net {
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
