#include "bridges/core/broker_address.h"

#include <fmt/format.h>

#include "base/redacted.h"
#include "bridges/core/host_port.h"

namespace gridloom::bridges {
namespace {

constexpr std::string_view kPlain = "mqtt://";
constexpr std::string_view kTls = "mqtts://";

}  // namespace

Result<BrokerAddress> parse_broker_address(std::string_view setting, std::string_view text) {
  const bool uses_tls = text.starts_with(kTls);
  std::string_view rest = text;
  if (uses_tls || text.starts_with(kPlain)) {
    rest.remove_prefix(uses_tls ? kTls.size() : kPlain.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (const auto place = parse_host_port(rest)) {
      const std::string_view usual = uses_tls ? "8883" : "1883";
      return BrokerAddress{
          .host_port = fmt::format("{}:{}", place->host, place->port.empty() ? usual : place->port),
          .uses_tls = uses_tls};
    }
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is \"{}\": must be mqtt://HOST:PORT or mqtts://HOST:PORT, without "
                          "user and path",
                          setting, redacted_extract(text)));
}

}  // namespace gridloom::bridges
