// Input: stored energies. They are rejected, or read, written, and read again with the same result.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "history/energy/energy_integrator.h"

namespace {

namespace history = gridloom::history;

constexpr std::int64_t kHour = 472'000;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as libFuzzer gives it
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto energies = history::energies_of(kHour, bytes);
  if (!energies) return 0;
  static_cast<void>(energies->within(0, kHour * history::kQuarter_ms * 8));
  const std::string written = history::to_bytes(kHour, *energies);
  const auto again = history::energies_of(kHour, written);
  require(again.has_value());
  require(history::to_bytes(kHour, *again) == written);
  return 0;
}
