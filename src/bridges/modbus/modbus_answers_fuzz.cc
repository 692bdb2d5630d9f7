// Fuzz target: whatever a device answers over Modbus, its registers are those that were asked for,
// and what is taken of them can be reported.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "bridges/modbus/protocol.h"
#include "catalog/loader.h"
#include "catalog/plausible.h"

namespace {

using namespace gridloom;
using namespace gridloom::bridges;

const catalog::Family& ocean() {
  static const auto kCatalog = catalog::load_catalog({});
  if (!kCatalog) std::abort();
  for (const auto& family : (*kCatalog)->families()) {
    if (family->modbus) return *family;
  }
  std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const catalog::Modbus& modbus = *ocean().modbus;
  const auto blocks = blocks_of(modbus.readings);
  const RegisterBlock& block = blocks[data[0] % blocks.size()];
  const std::string_view answer(reinterpret_cast<const char*>(data) + 1, size - 1);  // NOLINT
  if (answer.size() < kModbusHead) return 0;
  const auto whole = size_of_answer(answer.substr(0, kModbusHead));
  if (!whole || *whole > answer.size()) return 0;
  const auto words = words_in(answer.substr(0, *whole),
                              {.transaction = 1, .first = block.first, .count = block.count});
  if (!words) return 0;
  if (words->size() != block.count) std::abort();
  for (const std::size_t k : block.readings) {
    const catalog::ModbusReading& reading = modbus.readings[k];
    const double value =
        reading.times * decoded(reading.from.type, modbus.reads,
                                std::span(*words).subspan(
                                    static_cast<std::size_t>(reading.from.address - block.first),
                                    catalog::registers_of(reading.from.type)));
    const catalog::Field& field = *ocean().field(reading.field);
    if (catalog::may_arrive(field, value) && !std::isfinite(value * field.scale)) std::abort();
  }
  return 0;
}
