// The two interfaces of the platform, each of which has a plain and a TLS listener.
#pragma once

#include <cstdint>

namespace gridloom::server {

enum class Interface : std::uint8_t { kHttp, kMqtt };

enum class Security : std::uint8_t { kPlain, kTls };

}  // namespace gridloom::server
