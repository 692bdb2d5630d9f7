// What a process that talks to many asks of its system, before it has other threads.
#pragma once

#include <csignal>
#include <cstddef>

#include "base/result.h"

namespace gridloom::app {

// As many files as the system lets it have. kIo: it stays as it was.
[[nodiscard]] Status raise_descriptor_limit();

// How many connections all listeners together may have, of the files that this process may still
// open: some are left for the data folder, a backup, commands and recordings. kIo: too few are left
// for each listener to have a share.
[[nodiscard]] Result<std::size_t> descriptors_for_connections();

// SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under nohup) come to nobody from now on but
// to who waits for them.
[[nodiscard]] sigset_t block_ending_signals();

}  // namespace gridloom::app
