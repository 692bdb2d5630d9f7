// The command `gridloom damage`: lists known losses and damage in a data folder, and records that
// an administrator has accepted them.
#pragma once

#include <functional>
#include <memory>

#include "app/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the command to the command line; parsing the command stores the action to run in `chosen`.
// The returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_damage(CLI::App& app, std::function<int()>& chosen);

// Operations of admin.cc. They answer with a list of texts, and with {"accepted": N}.
[[nodiscard]] Result<wire::Json> list_damage(const AdminContext& context,
                                             const wire::JsonObject& request);
[[nodiscard]] Result<wire::Json> accept_damage(const AdminContext& context,
                                               const wire::JsonObject& request);
// Purges the history of devices that the registry does not know: {"numbers": [3, 4]} or {"unknown":
// true}, answered with {"purged": "3 to 4"}. kNotFound: there are none, or one of the numbers is
// not such a device.
[[nodiscard]] Result<wire::Json> purge_devices(const AdminContext& context,
                                               const wire::JsonObject& request);

}  // namespace gridloom::app
