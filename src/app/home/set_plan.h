// Plans what `gridloom set SN WORDS...` sends: the message of a command, found by its name or by a
// field that it sets, with values in the units and names of the device file. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::app {

struct SetPlan {
  const catalog::Command* command = nullptr;
  wire::JsonObject given;    // the parameters that the words name, as they go over the wire
  wire::JsonObject message;  // of a set, without `sn`
};

// The words are COMMAND KEY=VALUE..., or FIELD VALUE, or FIELD=VALUE. A parameter that may be left
// as it is, and that the words do not name, is sent as the value that says so. kBadParams: the
// family does not allow the value; kNotFound: there is no such command, field or parameter, no
// command sets the field, or several do.
[[nodiscard]] Result<SetPlan> plan_set(const catalog::Family& family,
                                       std::span<const std::string> words);

// The command of that name, in any case, or that the word selects in a message; nullptr: none, or
// several.
[[nodiscard]] const catalog::Command* find_command(const catalog::Family& family,
                                                   std::string_view word);

// The error for a word that is neither a command nor a field.
[[nodiscard]] Error unknown_word(const catalog::Family& family, std::string_view word);

// The device that a set is sent to.
struct SetTarget {
  std::string_view sn;
  const wire::JsonObject& quotas;  // as quota/all answers them: they name its modules
  std::int64_t message_id = 0;
};
// The plan's message with the further members that the vendor's documents show for a set of the
// family (`set` in a device file), which a vendor's device may insist on. Without `sn`.
[[nodiscard]] wire::JsonObject addressed(const catalog::Family& family, const SetPlan& plan,
                                         const SetTarget& target);

// Parses a value as a person writes it: the name of a value ("on"), a number with or without the
// unit, or JSON. The result is the value on the wire.
[[nodiscard]] Result<wire::Json> param_value(const catalog::Param& param, std::string_view text);
[[nodiscard]] Result<wire::Json> field_value(const catalog::Field& field, std::string_view text);

// The command as it can be typed: "acChgCfg chgWatts=600".
[[nodiscard]] std::string command_text(const SetPlan& plan);

}  // namespace gridloom::app
