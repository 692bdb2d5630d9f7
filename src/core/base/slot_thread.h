// The names of threads of a slot's server, which begin the lines that they log.
//
// A thread that is made inherits the name of the thread that makes it, so that one that opens a
// slot's server names all threads of it.
#pragma once

#include <string_view>

namespace gridloom {

inline constexpr std::string_view kSlotThread = "slot ";  // "slot 3"

}  // namespace gridloom
