// `gridloom serve`: assembles the platform, runs it until a signal, and shuts it down in order.
#pragma once

#include "app/options.h"

namespace gridloom::app {

// Returns the exit code of the process.
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace gridloom::app
