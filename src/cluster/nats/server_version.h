// The version of a nats-server. libnats 3.4.1 does not tell it, but a server says it to whoever
// connects, before anything else.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::nats {

// Connects with the server of a URL, as ConnectionSettings and Health have them, reads the version
// ("2.9.10") and closes the connection. Blocks its thread, `at_most` long once the host's name is
// resolved. kIo: the server cannot be reached. kMalformed: what answers is no nats-server. Any
// thread.
[[nodiscard]] Result<std::string> server_version(const std::string& url, Millis at_most);

struct Version {
  int major = 0;
  int minor = 0;

  auto operator<=>(const Version&) const = default;
};
// "2.9.10" is {2, 9}. Nothing: it does not begin with two numbers.
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);

}  // namespace gridloom::nats
