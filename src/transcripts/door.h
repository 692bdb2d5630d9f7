// The two doors of the platform.
#pragma once

#include <cstdint>

namespace gridloom::transcripts {

enum class Door : std::uint8_t { kHttp, kMqtt };

}  // namespace gridloom::transcripts
