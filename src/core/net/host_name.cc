#include "net/host_name.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace gridloom::net {
namespace {

bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
}

}  // namespace

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

Status check_host(const std::string& host) {
  if (is_address(host) || is_host_name(host)) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("\"{}\" is neither a host name nor an address", host));
}

}  // namespace gridloom::net
