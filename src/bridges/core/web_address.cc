#include "bridges/core/web_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/redacted.h"
#include "client/api_reply.h"
#include "client/http_request.h"

namespace gridloom::bridges {

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

}  // namespace gridloom::bridges
