// Modbus TCP: requests and answers as bytes, and the values that registers hold. Pure.
//
// Modbus is ours and not libmodbus': that library has no static form in Debian, which the portable
// program needs, and waits for a peer in calls that nothing can interrupt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/modbus.h"

namespace gridloom::bridges {

// Reading of holding registers (function 3), writing of one (6) or several (16).
struct ModbusRequest {
  std::uint16_t transaction = 0;  // the answer repeats it
  std::uint8_t unit = 1;
  std::uint16_t first = 0;
  std::uint16_t count = 0;                  // of registers that are read
  std::vector<std::uint16_t> written = {};  // not empty: these are written
};
[[nodiscard]] std::string bytes_of(const ModbusRequest& request);

// As many bytes of an answer tell how long it is.
inline constexpr std::size_t kModbusHead = 6;
// The bytes of the whole answer, its head included, at most 260. kMalformed: that is no Modbus.
[[nodiscard]] Result<std::size_t> size_of_answer(std::string_view head);

// The registers that were read; none for a write. `answer` is whole. kMalformed: it is no answer to
// this request. kInvalidValue: the device refuses the request; the message says why.
[[nodiscard]] Result<std::vector<std::uint16_t>> words_in(std::string_view answer,
                                                          const ModbusRequest& request);

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
