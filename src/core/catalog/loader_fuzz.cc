// Fuzzes device files: load_family reports the mistakes of any text and never throws or crashes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/loader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = 16384;
  if (size > kMax) return 0;
  const auto* text = reinterpret_cast<const char*>(data);
  const auto family = gridloom::catalog::load_family("x.yaml", std::string_view(text, size));
  // An error must have a description.
  if (!family && family.error().detail.empty()) std::abort();
  return 0;
}
