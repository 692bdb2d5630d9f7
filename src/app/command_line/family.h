// `gridloom family`: lists, shows, checks and starts device files, and prints their JSON Schema.
#pragma once

#include <filesystem>
#include <string>

namespace gridloom::app {

[[nodiscard]] int list_families(const std::filesystem::path& folder);
// Shows a family's fields, commands and parts of physics, or all about those whose name contains
// `name`.
[[nodiscard]] int show_family(const std::filesystem::path& folder, const std::string& id,
                              const std::string& name);
[[nodiscard]] int check_family(const std::filesystem::path& file);

// Writes the start of ID.yaml into the folder; refuses to replace a file.
[[nodiscard]] int new_family(const std::filesystem::path& folder, const std::string& id);
[[nodiscard]] int print_family_schema();

}  // namespace gridloom::app
