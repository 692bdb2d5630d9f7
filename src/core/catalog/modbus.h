// How devices of a family speak Modbus TCP, as data: which register fills which field, and what a
// command writes. A Family has it (catalog/family.h); a bridge goes by it. Values of registers are
// in the units of the fields on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::catalog {

enum class RegisterType : std::uint8_t { kUint16, kInt16, kUint32, kInt32, kFloat32 };
[[nodiscard]] constexpr std::string_view name_of(RegisterType type) {
  switch (type) {
    case RegisterType::kUint16:
      return "uint16";
    case RegisterType::kInt16:
      return "int16";
    case RegisterType::kUint32:
      return "uint32";
    case RegisterType::kInt32:
      return "int32";
    case RegisterType::kFloat32:
      break;
  }
  return "float32";
}
// Registers that a value takes.
[[nodiscard]] constexpr std::size_t registers_of(RegisterType type) {
  return type == RegisterType::kUint16 || type == RegisterType::kInt16 ? 1 : 2;
}

// The half of a value of two registers that has the lower address.
enum class WordOrder : std::uint8_t { kHighFirst, kLowFirst };
[[nodiscard]] constexpr std::string_view name_of(WordOrder order) {
  return order == WordOrder::kHighFirst ? "high_first" : "low_first";
}

struct ModbusRegister {
  std::uint16_t address = 0;
  RegisterType type = RegisterType::kUint16;
};

// A register that fills a field.
struct ModbusReading {
  std::string field;  // Field::name
  ModbusRegister from{};
  double times = 1;  // factor from the register's value to the field's
  std::string source{};
};

// A number, or a parameter times a factor.
struct ModbusValue {
  double number = 0;
  std::string param{};  // Param::name; empty: the number
  double times = 1;
};

struct ModbusWrite {
  ModbusRegister to{};
  ModbusValue value{};
};

// The effect of a command of Family::modbus_commands; both lists have the same order. The command's
// effects are readings by which it is seen to work: a register that repeats what was written to it
// does not say so.
struct ModbusAction {
  std::string command;              // Command::name
  std::vector<ModbusWrite> writes;  // in this order
  bool holds = false;               // works as long as the heartbeat is written
};

// A register that the device wants written again and again, or it ends the power that it was set
// to.
struct ModbusHeartbeat {
  ModbusRegister to{};
  double value = 1;
  std::int64_t every_s = 20;
  std::int64_t lapses_s = 60;  // without it the device is on its own again
};

struct Modbus {
  std::uint16_t port = 502;
  std::uint8_t unit = 1;
  WordOrder reads = WordOrder::kHighFirst;
  WordOrder writes = WordOrder::kHighFirst;
  std::vector<ModbusReading> readings{};
  ModbusHeartbeat heartbeat{};  // counts if an action holds
  std::vector<ModbusAction> actions{};
  std::int64_t shown_within_s = 6;  // after the writes, for all effects of a command
};

}  // namespace gridloom::catalog
