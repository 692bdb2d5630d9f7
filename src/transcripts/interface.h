// The two interfaces of the platform.
#pragma once

#include <cstdint>

namespace gridloom::transcripts {

enum class Interface : std::uint8_t { kHttp, kMqtt };

}  // namespace gridloom::transcripts
