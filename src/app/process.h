// What a process that talks to many asks of its system, before it has other threads.
#pragma once

#include <csignal>

#include "base/result.h"

namespace gridloom::app {

// As many files as the system lets it have. kIo: it stays as it was.
[[nodiscard]] Status raise_descriptor_limit();

// SIGINT and SIGTERM come to nobody from now on but to who waits for them.
[[nodiscard]] sigset_t block_ending_signals();

}  // namespace gridloom::app
