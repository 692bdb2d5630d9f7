// A home as GET /api/v1/home and the topic home of the live stream show it. Pure.
#pragma once

#include <string>

#include "home/home_state.h"

namespace gridloom::api {

// The members of the object, without "now".
[[nodiscard]] std::string home_members(const home::HomeState& state);

}  // namespace gridloom::api
