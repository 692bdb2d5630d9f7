// The modes that a program which manages energy asks of a battery, and the commands by which the
// devices of a family are brought into them (`battery_modes` in a device file). Pure.
//
// The mode normal has no command: a device returns to it when the parameters are set again to what
// its fields showed before.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace gridloom::catalog {

struct Command;
struct Family;

// The numbers are those of evcc's setter batterymode.
enum class BatteryMode : std::uint8_t {
  kNormal = 1,
  kHold = 2,       // the battery is not discharged
  kCharge = 3,     // it is charged, also from the grid
  kHoldCharge = 4  // it is not charged
};
inline constexpr std::array kBatteryModes = {BatteryMode::kNormal, BatteryMode::kHold,
                                             BatteryMode::kCharge, BatteryMode::kHoldCharge};
// "normal", "hold", "charge", "holdcharge"
[[nodiscard]] std::string_view name_of(BatteryMode mode);

inline constexpr std::string_view kChargeReference = "$soc";

struct ModeCommand {
  std::string command;
  wire::JsonObject params;  // "$soc" stands for the charge of the battery, rounded
};
using ModeCommands = std::map<BatteryMode, ModeCommand>;

// The field that shows a parameter of a command as it was set, by which the parameter can be put
// back. Nothing: there is none.
[[nodiscard]] std::optional<std::string> field_of_param(const Command& command,
                                                        std::string_view param);

// The parameters with the charge in the place of its reference, within their ranges. Null: the
// command is not known.
[[nodiscard]] const Command* command_named(const Family& family, std::string_view name);
[[nodiscard]] wire::JsonObject params_of(const Command& command, const wire::JsonObject& params,
                                         double charge_percent);

// The message of a set: the parameters, the members that select the command, and those that each
// set of the family has.
[[nodiscard]] wire::JsonObject set_message(const Family& family, const Command& command,
                                           wire::JsonObject params);

}  // namespace gridloom::catalog
