// The address of a web server as a bridge's setting has it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::bridges {

struct WebAddress {
  std::string server;        // "http://db:8086", as client::HttpClient takes it
  std::string target = "/";  // path and query
};
// "http://HOST:PORT" or "https://HOST:PORT", and behind it a path and a query, if there are any.
// kBadParams: names the setting and what would be valid.
[[nodiscard]] Result<WebAddress> parse_web_address(std::string_view setting, std::string_view text);

}  // namespace gridloom::bridges
