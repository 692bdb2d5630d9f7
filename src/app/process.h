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

// No core dump of this process is written, now or later, and only root may look into its memory:
// it holds the accounts' keys. kIo: the system refused.
[[nodiscard]] Status forbid_core_dumps();

// Freed memory stays with the process up to a bound: a turn's answers need as much as the turn's
// before, and giving it back to the system in between costs a page fault for each 4 KiB.
void keep_freed_memory();

struct ProcessOptions {
  bool may_dump_core = false;
};

// All that a server asks for at its start; warns in the log of what it does not get, and of a time
// zone that is not found.
void prepare_process(const ProcessOptions& options);

// SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under nohup) come to nobody from now on but
// to who waits for them.
[[nodiscard]] sigset_t block_ending_signals();

}  // namespace gridloom::app
