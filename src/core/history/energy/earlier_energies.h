// Energies of an hour as versions 1 to 3 of their bytes had them, for the conversion of stores.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gridloom::history {

// The same energies in bytes of today. Other bytes, and those that cannot be read, stay as they
// are.
[[nodiscard]] std::string energies_of_today(std::int64_t hour, std::string_view bytes);

}  // namespace gridloom::history
