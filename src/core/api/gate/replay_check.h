// Whether repeated sets and certification requests are refused, and requests of Gridloom's own
// interface must sign their method and path: for requests of clients that are not on this machine.
#pragma once

#include <cstdint>

namespace gridloom::api {

enum class ReplayCheck : std::uint8_t { kOff, kOn };

}  // namespace gridloom::api
