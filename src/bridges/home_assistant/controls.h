// The commands of a device file as controls of Home Assistant. A parameter of a bool, or of two
// values that mean on and off, is a switch; of named values a select; of a range a number; a
// command without parameters a button.
//
// A control shows what the device reports, never what was last asked for. So a parameter that no
// field shows is left out, and so is one that cannot be sent without another one, such as the
// channel of a circuit. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bridges/home_assistant/entity.h"
#include "catalog/family.h"

namespace gridloom::bridges::home_assistant {

// The device's quota that a Field::name stands for: of one with '*' that of the first module.
// Empty: the device has none.
using FindQuota = std::function<std::string(const std::string& field)>;

// Whether names are those of off and on, in this order, or in the other one: true for {off, on}.
// Nothing: they are not. The names are English.
[[nodiscard]] std::optional<bool> is_off_and_on(std::string_view first, std::string_view second);

// `shown` is `english` in the language of the titles. Entity::title and Entity::slug may be those
// of others too.
[[nodiscard]] std::vector<Entity> controls_of(const catalog::Family& english,
                                              const catalog::Family& shown,
                                              const FindQuota& find_quota);

// The parameters for what Home Assistant sent to a control. kBadParams: the control does not have
// the value; the message names both.
[[nodiscard]] Result<wire::JsonObject> params_for(const Entity& entity, std::string_view payload);

}  // namespace gridloom::bridges::home_assistant
