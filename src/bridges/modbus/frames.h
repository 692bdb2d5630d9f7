// Requests and answers of Modbus TCP as bytes: reading of holding registers (function 3), writing
// of one (6) or several (16). Pure.
//
// Modbus is ours and not libmodbus': that library has no static form in Debian, which the portable
// program needs, and waits for a peer in calls that nothing can interrupt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::bridges {

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

}  // namespace gridloom::bridges
