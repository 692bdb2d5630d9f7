// The device files that the build embeds in the binary (cmake/devices.cmake).
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catalog/loader.h"

// The names match those in the generated assembler file.
extern "C" {
struct GlDeviceRow {
  const char* name;
  const char* begin;
  std::uint64_t length;
};
extern const GlDeviceRow gl_device_table[];  // NOLINT
extern const std::uint64_t gl_device_count;  // NOLINT
}

namespace gridloom::catalog {

std::vector<EmbeddedFile> embedded_files() {
  std::vector<EmbeddedFile> files;
  for (std::size_t k = 0; k < gl_device_count; ++k) {
    const GlDeviceRow& row = gl_device_table[k];
    files.push_back({.name = row.name, .text = {row.begin, row.length}});
  }
  return files;
}

}  // namespace gridloom::catalog
