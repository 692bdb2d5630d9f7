// The values that Modbus registers hold, and which registers are read together. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "catalog/modbus.h"

namespace gridloom::bridges {

// The most registers of one request, by the protocol.
inline constexpr std::size_t kMaxRegisters = 125;
// Registers between two that are wanted are read as well, up to this number: cheaper than a second
// request.
inline constexpr std::size_t kMaxGap = 32;

// The value of registers_of(type) words. A float32 is the number with the fewest digits that is
// nearest to it, so that 230.1 stays 230.1; it may be infinite, or no number.
[[nodiscard]] double decoded(catalog::RegisterType type, catalog::WordOrder order,
                             std::span<const std::uint16_t> words);
// Integers are rounded. kBadParams: the value does not fit the type.
[[nodiscard]] Result<std::vector<std::uint16_t>> encoded(catalog::RegisterType type,
                                                         catalog::WordOrder order, double value);

// Registers of one request.
struct RegisterBlock {
  std::uint16_t first = 0;
  std::uint16_t count = 0;
  std::vector<std::size_t> readings{};  // indexes
};
// In the order of their addresses; each reading is in one of them.
[[nodiscard]] std::vector<RegisterBlock> blocks_of(
    std::span<const catalog::ModbusReading> readings);

}  // namespace gridloom::bridges
