// The two interfaces of the platform, and the two ways to reach them.
#pragma once

#include <cstdint>

namespace gridloom::server {

enum class Interface : std::uint8_t { kHttp, kMqtt };

enum class Transport : std::uint8_t { kPlain, kTls };

}  // namespace gridloom::server
