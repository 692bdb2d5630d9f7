// Loads device files: those embedded in the binary, and those of a folder that override them.
// Used at start-up only; the result is immutable.
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

inline constexpr std::size_t kMaxDeviceFile = std::size_t{4} * 1024 * 1024;  // bytes

// A device file embedded in the binary.
struct EmbeddedFile {
  std::string_view name;  // "delta_2.yaml"
  std::string_view text;
};
[[nodiscard]] std::vector<EmbeddedFile> embedded_files();

// kMalformed, for example: "delta_2.yaml:120: commands.quietMode.params.enabled.range: must be two
// numbers [low, high]".
[[nodiscard]] Result<FamilyPtr> load_family(std::string_view file_name, std::string_view text);

// Loads the embedded families. If `folder` is not empty, a file in it replaces the family with the
// same id, or adds a new family.
[[nodiscard]] Result<std::shared_ptr<const Catalog>> load_catalog(
    const std::filesystem::path& folder);

}  // namespace gridloom::catalog
