// An everHome EcoTracker as batteries read it. Pure.
#pragma once

#include <string_view>

#include "bridges/meter/reading.h"
#include "wire/json.h"

namespace gridloom::bridges::meter {

inline constexpr std::string_view kEcoTrackerPath = "/v1/json";
inline constexpr std::string_view kEcoTrackerProduct = "1137";  // productid of its TXT record

// The answer at kEcoTrackerPath: powers in W, energies in Wh.
[[nodiscard]] wire::JsonObject eco_tracker_document(const Reading& reading);

}  // namespace gridloom::bridges::meter
