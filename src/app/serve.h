// `gridloom serve`: runs a server (server/server.h) until a signal, with what belongs to a process:
// the lock of its data folder, sockets and threads, the admin socket, the demo home.
#pragma once

#include "app/options.h"
#include "base/result.h"

namespace gridloom::app {

// Whether a server would start with the options, on a machine that has its ports and its data
// folder free. serve() refuses by this before it makes a folder. kBadParams, kMalformed, kIo,
// kNotFound: the detail names the option.
[[nodiscard]] Status check_options(const ServeOptions& options);

// Returns the exit code of the process.
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace gridloom::app
