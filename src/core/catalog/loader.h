// Loads device files: those embedded in the binary, and those of a folder that override them, and
// their translations. Used at start-up only; the result is immutable.
#pragma once

#include <cstddef>
#include <cstdint>
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
// German texts of the embedded device files, under the names of these.
[[nodiscard]] std::vector<EmbeddedFile> embedded_translations();
// The file of products, alone.
[[nodiscard]] std::vector<EmbeddedFile> embedded_products();
// The folder of German texts in a folder of device files.
inline constexpr std::string_view kGermanFolder = "de";
// The file of products in a folder of device files.
inline constexpr std::string_view kProductsFile = "products/products.yaml";

// kMalformed, for example: "delta_2.yaml:120: commands.quietMode.params.enabled.range: must be two
// numbers [low, high]".
[[nodiscard]] Result<FamilyPtr> load_family(std::string_view file_name, std::string_view text);

// The family of a device file with the texts of a translation. kMalformed: mistakes of the
// translation, in the same form. `family` is what load_family() made of the file.
[[nodiscard]] Result<FamilyPtr> load_translation(const Family& family, std::string_view file,
                                                 const EmbeddedFile& translation);
// The keys of the device file's texts that the translation lacks, such as "fields.pd.soc.title".
// Both were loaded before.
[[nodiscard]] std::vector<std::string> missing_texts(std::string_view file,
                                                     std::string_view translation);

enum class Translations : std::uint8_t { kNone, kAll };

// Loads the embedded families. If `folder` is not empty, a file in it replaces the family with the
// same id, or adds a new family; a family of the folder has the German texts of the folder's
// subfolder "de", and other families may have theirs there too. The families of the folder decide
// about all serial numbers that begin with their prefixes: products of them are left out, unless
// the folder's kProductsFile, which takes the place of the embedded one, has them.
[[nodiscard]] Result<std::shared_ptr<const Catalog>> load_catalog(
    const std::filesystem::path& folder, Translations translations = Translations::kNone);

}  // namespace gridloom::catalog
