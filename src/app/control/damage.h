// The operations on known losses and damage in a data folder: what there is, what an administrator
// accepts, and the data of devices that the registry does not know.
#pragma once

#include "app/control/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

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
