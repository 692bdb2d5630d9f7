// `gridloom serve`: runs a server (server/server.h) until a signal, with what belongs to a process:
// the lock of its data folder, sockets and threads, the admin socket, the demo home.
#pragma once

#include "app/options.h"

namespace gridloom::app {

// Returns the exit code of the process.
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace gridloom::app
