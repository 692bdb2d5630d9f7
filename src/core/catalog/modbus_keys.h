// The keys of a family's Modbus registers and of what is written to them. A part of the tables of
// keys.h, in a file of its own for its length.
#pragma once

#include <array>
#include <string_view>

#include "catalog/keys.h"

namespace gridloom::catalog {

inline constexpr auto kRegisterTypes =
    std::to_array<std::string_view>({"uint16", "int16", "uint32", "int32", "float32"});
inline constexpr auto kWordOrders = std::to_array<std::string_view>({"high_first", "low_first"});

inline constexpr std::string_view kAddressWords =
    "Number of the (first) register, as it stands in the request";

inline constexpr std::string_view kRegisterTypeWords =
    "Type of the value; one of 32 bits takes two registers";

inline constexpr auto kModbusKeys = std::to_array<Key>({
    {.name = "port", .form = Form::kSize, .description = "TCP port of the device; 502 by default"},
    {.name = "unit", .form = Form::kSize, .description = "Number of the unit; 1 by default"},
    {.name = "reads",
     .form = Form::kChoice,
     .description = "Which half of a value of two registers stands first where it is read; "
                    "high_first by default",
     .choices = kWordOrders},
    {.name = "writes",
     .form = Form::kChoice,
     .description = "The same, where it is written",
     .choices = kWordOrders},
    {.name = "registers",
     .form = Form::kEntries,
     .description = "Registers that are read, by the field that each fills",
     .required = true,
     .section = SectionId::kModbusRegister},
    {.name = "heartbeat",
     .form = Form::kEntry,
     .description = "Register that is written while the device holds what it was told",
     .section = SectionId::kModbusHeartbeat},
    {.name = "shown_within_s",
     .form = Form::kSize,
     .description = "Seconds until the readings show a command, 1 to 7; 6 by default"},
    {.name = "commands",
     .form = Form::kEntries,
     .description = "Commands over Modbus, by the operateType of their sets",
     .section = SectionId::kModbusCommand},
});

inline constexpr auto kModbusRegisterKeys = std::to_array<Key>({
    {.name = "address", .form = Form::kSize, .description = kAddressWords, .required = true},
    {.name = "type",
     .form = Form::kChoice,
     .description = kRegisterTypeWords,
     .required = true,
     .choices = kRegisterTypes},
    {.name = "times",
     .form = Form::kNumber,
     .description = "Factor from the register's value to the field's, on the wire; 1 by default"},
    {.name = "source", .form = Form::kSource, .description = "Where this fact stands"},
});

inline constexpr auto kModbusHeartbeatKeys = std::to_array<Key>({
    {.name = "address", .form = Form::kSize, .description = kAddressWords, .required = true},
    {.name = "type",
     .form = Form::kChoice,
     .description = kRegisterTypeWords,
     .required = true,
     .choices = kRegisterTypes},
    {.name = "value", .form = Form::kNumber, .description = "What is written; 1 by default"},
    {.name = "every_s",
     .form = Form::kSize,
     .description = "Seconds from one to the next; 20 by default"},
    {.name = "lapses_s",
     .form = Form::kSize,
     .description = "Seconds without it after which the device is on its own; 60 by default"},
});

inline constexpr auto kModbusCommandKeys = std::to_array<Key>({
    {.name = "title", .description = "Short name to show, of at most 30 characters"},
    {.name = "description", .description = "What the command does", .required = true},
    {.name = "params",
     .form = Form::kEntries,
     .description = "Parameters, by their names in a set; {} if there are none",
     .required = true,
     .section = SectionId::kParam},
    {.name = "writes",
     .form = Form::kItems,
     .description = "What is written, in this order",
     .required = true,
     .section = SectionId::kModbusWrite},
    {.name = "shown_by",
     .form = Form::kItems,
     .description = "Readings by which the command is seen to work; without them it counts as "
                    "carried out once all is written",
     .section = SectionId::kModbusEffect},
    {.name = "holds",
     .form = Form::kFlag,
     .description = "It works as long as the heartbeat is written"},
    {.name = "source", .form = Form::kSource, .description = "Where this fact stands"},
});

inline constexpr auto kModbusWriteKeys = std::to_array<Key>({
    {.name = "address", .form = Form::kSize, .description = kAddressWords, .required = true},
    {.name = "type",
     .form = Form::kChoice,
     .description = kRegisterTypeWords,
     .required = true,
     .choices = kRegisterTypes},
    {.name = "value", .form = Form::kAny, .description = "A number, or $param", .required = true},
    {.name = "times", .form = Form::kNumber, .description = "Factor of the parameter"},
});

inline constexpr auto kModbusEffectKeys = std::to_array<Key>({
    {.name = "field", .description = "A field of registers", .required = true},
    {.name = "value",
     .form = Form::kAny,
     .description = "What it says then: a number, or $param",
     .required = true},
    {.name = "times", .form = Form::kNumber, .description = "Factor of the parameter"},
    {.name = "within",
     .form = Form::kNumber,
     .description = "Greatest difference that counts as the same; 0 by default"},
    {.name = "within_percent",
     .form = Form::kNumber,
     .description = "The same in percent of the value, where that is more"},
});

}  // namespace gridloom::catalog
