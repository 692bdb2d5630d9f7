// Loads device files: the ones in the binary, and those of a folder laid over them.
// Start-up only; the outcome is immutable.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"

namespace gridloom::catalog {

inline constexpr std::size_t kMostDeviceFile = std::size_t{4} * 1024 * 1024;  // bytes

// A device file inside the binary.
struct EmbeddedFile {
  std::string_view name;  // "delta_2.yaml"
  std::string_view text;
};
[[nodiscard]] std::vector<EmbeddedFile> embedded_files();

// kMalformed: "delta_2.yaml:120: commands.quietMode.params.enabled.range: must be two numbers
// [low, high]".
[[nodiscard]] Result<FamilyPtr> load_family(std::string_view file_name, std::string_view text);

// The embedded families; a file of `folder` (if not empty) with a family's id replaces it, others
// join.
[[nodiscard]] Result<std::shared_ptr<const Catalog>> load_catalog(
    const std::filesystem::path& folder);

}  // namespace gridloom::catalog
