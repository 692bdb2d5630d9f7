// The operation that answers with recorded values of a field, from the archive of a running server
// or of a stopped one.
#pragma once

#include "app/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

// Answers {"op":"history","sn":..,"fields":..,"from":..,..} with {"text":..}, in the requested
// format. kBadParams, kNotFound: the detail says what is wrong.
[[nodiscard]] Result<wire::Json> read_history(const AdminContext& context,
                                              const wire::JsonObject& request);

}  // namespace gridloom::app
