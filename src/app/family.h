// `gridloom family`: lists and checks the device files.
#pragma once

#include <filesystem>

namespace gridloom::app {

[[nodiscard]] int list_families(const std::filesystem::path& folder);
[[nodiscard]] int check_family(const std::filesystem::path& file);

}  // namespace gridloom::app
