// The verb `gridloom damage`: what is known to be lost or damaged in a data folder, and that an
// administrator has seen it.
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

// Adds the verb to the command line; parsing it puts what is to run into `chosen`. The returned
// object holds what was parsed and has to live as long.
[[nodiscard]] std::shared_ptr<void> add_damage(CLI::App& app, std::function<int()>& chosen);

// Operations of admin.cc. A list of texts, and {"accepted": N}.
[[nodiscard]] Result<wire::Json> list_damage(const Estate& estate, const wire::JsonObject& request);
[[nodiscard]] Result<wire::Json> accept_damage(const Estate& estate,
                                               const wire::JsonObject& request);
// {"numbers": [3, 4]} or {"unknown": true} to {"purged": "3 to 4"}: the history of devices that the
// registry does not know. kNotFound: there is none, or one of them is not such a device.
[[nodiscard]] Result<wire::Json> purge_devices(const Estate& estate,
                                               const wire::JsonObject& request);

}  // namespace gridloom::app
