// `gridloom serve`: puts the platform together, runs it until a signal, and takes it down in order.
#pragma once

#include "app/options.h"

namespace gridloom::app {

// The process's exit code.
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace gridloom::app
