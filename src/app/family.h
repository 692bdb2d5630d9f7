// `gridloom family`: what the device files say.
#pragma once

#include <filesystem>

namespace gridloom::app {

[[nodiscard]] int list_families(const std::filesystem::path& folder);
[[nodiscard]] int check_family(const std::filesystem::path& file);

}  // namespace gridloom::app
