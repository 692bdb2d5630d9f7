// The device files, translations, products and home files that the build embeds in the binary
// (cmake/embedded_files.cmake).
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "catalog/home.h"
#include "catalog/loader.h"

// The names match those in the generated assembler files.
extern "C" {
struct GlFileRow {
  const char* name;
  const char* begin;
  std::uint64_t length;
};
extern const GlFileRow gl_devices_table[];             // NOLINT
extern const std::uint64_t gl_devices_count;           // NOLINT
extern const GlFileRow gl_devices_de_table[];          // NOLINT
extern const std::uint64_t gl_devices_de_count;        // NOLINT
extern const GlFileRow gl_devices_products_table[];    // NOLINT
extern const std::uint64_t gl_devices_products_count;  // NOLINT
extern const GlFileRow gl_homes_table[];               // NOLINT
extern const std::uint64_t gl_homes_count;             // NOLINT
}

namespace gridloom::catalog {
namespace {

std::vector<EmbeddedFile> files_of(std::span<const GlFileRow> rows) {
  std::vector<EmbeddedFile> files;
  files.reserve(rows.size());
  for (const GlFileRow& row : rows) {
    files.push_back({.name = row.name, .text = {row.begin, row.length}});
  }
  return files;
}

}  // namespace

std::vector<EmbeddedFile> embedded_files() {
  return files_of({gl_devices_table, gl_devices_count});
}

std::vector<EmbeddedFile> embedded_translations() {
  return files_of({gl_devices_de_table, gl_devices_de_count});
}

std::vector<EmbeddedFile> embedded_products() {
  return files_of({gl_devices_products_table, gl_devices_products_count});
}

std::vector<EmbeddedFile> embedded_homes() { return files_of({gl_homes_table, gl_homes_count}); }

}  // namespace gridloom::catalog
