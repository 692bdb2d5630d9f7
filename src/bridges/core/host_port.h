// A host and its port, as addresses in settings have them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gridloom::bridges {

struct HostPort {
  std::string host;  // "nas.lan", "[::1]"
  std::string port;  // empty: there is none
};
// "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT". Nothing: the text is none of them.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);

}  // namespace gridloom::bridges
